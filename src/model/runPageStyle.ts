/** How the page of a run looks, in light and in dark; statuses have a colour beside their sign and their words. */
export const runPageStyle = `
:root{color-scheme:light dark;--back:#fff;--front:#1b1f24;--soft:#59636e;--line:#d5dae0;--raised:#f5f7f9;--link:#0a5cc2;--mark:#fff3bf;
--done:#1a7f37;--bad:#c4232b;--warn:#9a5b00;--mild:#7a6300;--live:#0a5cc2;--rest:#6e7781;--cached:#6941c6}
@media (prefers-color-scheme:dark){:root{--back:#14181d;--front:#e4e8ec;--soft:#9aa4af;--line:#343b44;--raised:#1c2229;--link:#79b8ff;--mark:#4a3d00;
--done:#57c46f;--bad:#ff7b72;--warn:#f0a04b;--mild:#d9bd4f;--live:#79b8ff;--rest:#8b949e;--cached:#b79cf7}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--back);color:var(--front);font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main,header{max-width:1168px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:22px;line-height:1.3;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:18px;margin:36px 0 4px;padding-top:20px;border-top:1px solid var(--line);overflow-wrap:anywhere}
h3{font-size:14px;margin:24px 0 8px}
a{color:var(--link)}
a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.note,.small{color:var(--soft)}
p{margin:4px 0}
.lead{font-size:15px;margin:0 0 12px;white-space:pre-wrap;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
ul{margin:4px 0;padding-left:20px}
li{overflow-wrap:anywhere}
pre{margin:4px 0;padding:10px 12px;background:var(--raised);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;max-height:420px;overflow:auto}
summary{cursor:pointer}
.scroll{overflow:auto;max-height:82vh;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:600;text-align:left}
tbody th{font-weight:400;overflow-wrap:break-word}
.rows tbody th{min-width:260px;max-width:420px}
.rows th,.rows td{padding:5px 10px;border-bottom:1px solid var(--line);vertical-align:top}
.rows thead th{position:sticky;top:0;background:var(--raised);z-index:1;white-space:nowrap}
.rows tbody tr:last-child>*{border-bottom:0}
.rows .number{text-align:right;white-space:nowrap}
.rows .status{white-space:nowrap}
.rows .note{display:block;font-size:12px}
.rows .number .note{display:inline;font-size:inherit}
.rows .part{padding-left:28px}
.rows .reason{color:var(--front);overflow-wrap:anywhere;min-width:160px}
tr:target>*{background:var(--mark)}
h2:target{background:var(--mark)}
.done{--tone:var(--done)}.fatal,.failed{--tone:var(--bad)}.blocked{--tone:var(--warn)}.recovered{--tone:var(--mild)}
.running{--tone:var(--live)}.open,.skipped,.never{--tone:var(--rest)}.cached{--tone:var(--cached)}
.rows .status,.tone{color:var(--tone,var(--rest))}
tr.fatal>.status,tr.failed>.status,tr.blocked>.status{font-weight:600}
.graph{display:block;margin:0 auto}
.graph text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--front)}
.graph .name{font-weight:600}
.graph .small{font-size:11px;fill:var(--soft)}
.graph .small.status{fill:var(--tone,var(--rest))}
.graph .box{fill:var(--raised);stroke:var(--line)}
.graph .edge-mark{fill:var(--tone,var(--rest))}
.graph .fatal .box,.graph .failed .box,.graph .blocked .box{stroke:var(--tone);stroke-width:2}
.graph .skipped .box,.graph .never .box{stroke-dasharray:4 3;fill:var(--back)}
.graph .cached .box{stroke-dasharray:1 2}
.graph a:hover .box,.graph a:focus .box{stroke:var(--link);stroke-width:2}
.graph .edge{fill:none;stroke:var(--soft);stroke-width:1.2}
.graph .arrow{fill:var(--soft)}
.graph .when{font-size:11px;fill:var(--soft);stroke:var(--back);stroke-width:4px;paint-order:stroke}
.timeline{table-layout:fixed}
.timeline th{width:230px;padding:1px 10px 1px 0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.timeline .part{padding-left:18px}
.timeline td{padding:0}
.timeline svg{display:block;overflow:visible}
.timeline text{font:11px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--soft)}
.timeline .grid{stroke:var(--line)}
.timeline .bar,.timeline .moment{fill:var(--tone,var(--rest))}
.timeline .fatal .bar,.timeline .failed .bar,.timeline .blocked .bar{stroke:var(--front);stroke-width:1.5}
.timeline .asked{fill:var(--back);opacity:.75}
.timeline .moment{fill:var(--back);stroke:var(--tone,var(--rest));stroke-width:2}
footer{color:var(--soft);margin:40px 0 28px}
@media (max-width:720px){main,header{padding-left:12px;padding-right:12px}.timeline th{width:120px}}
@media print{.scroll{max-height:none;overflow:visible}}
`;
