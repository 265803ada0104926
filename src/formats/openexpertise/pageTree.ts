/**
 * Whether each page of an SQLite file is led to from one place at the most. In a hostile file the same page hangs at many
 * places, of which each leads to the next many times: whoever walks along all of them never arrives.
 */

const headerBytes = 100;
const innerIndex = 0x02;
const innerTable = 0x05;

/** What only looks like a page of a tree may make it `false` for a good file as well. */
export function isPageTree(file: Buffer): boolean {
  if (file.length < headerBytes) return false;
  const told = file.readUInt16BE(16);
  const size = told === 1 ? 65_536 : told;
  if (size < 512 || (size & (size - 1)) !== 0 || file.length % size !== 0) return false;
  const children = new Set<number>();
  for (let start = 0; start < file.length; start += size) {
    for (const child of childrenOf(file.subarray(start, start + size), start === 0 ? headerBytes : 0)) {
      if (child === 1 || children.has(child)) return false;
      children.add(child);
    }
  }
  return true;
}

function childrenOf(page: Buffer, header: number): number[] {
  const type = page[header];
  if (type !== innerIndex && type !== innerTable) return [];
  const children = [page.readUInt32BE(header + 8)];
  const cells = page.readUInt16BE(header + 3);
  for (let cell = 0; cell < cells; cell += 1) {
    const place = header + 12 + cell * 2;
    if (place + 2 > page.length) break;
    const start = page.readUInt16BE(place);
    if (start + 4 <= page.length) children.push(page.readUInt32BE(start));
  }
  return children;
}
