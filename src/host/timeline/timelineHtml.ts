/** The page of a timeline: one script and one style of ours, and nothing else may be loaded or asked for. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export function pageFolder(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "webview");
}

export function timelineHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const uriOf = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(pageFolder(extension), file)).toString();
  const nonce = randomBytes(16).toString("base64");
  const own = webview.cspSource;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${own}`,
    `font-src ${own}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Timeline</title>
<link rel="stylesheet" href="${uriOf("timeline.css")}">
</head>
<body>
<script nonce="${nonce}" src="${uriOf("timeline.js")}"></script>
</body>
</html>
`;
}
