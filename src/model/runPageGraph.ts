/** The graph of a run as an inline SVG, laid out by layers. */
import { Graph, layout } from "@dagrejs/dagre";
import { formatDuration } from "./formatting";
import { escapeHtml } from "./html";
import { oneLine } from "./plainText";
import { briefStatus, statusText } from "./rowStatus";
import type { GraphEdge, GraphNode, RunGraph } from "./runGraph";

interface Point {
  x: number;
  y: number;
}

type Direction = "LR" | "TB";

interface Placed {
  direction: Direction;
  width: number;
  height: number;
  nodes: ReadonlyMap<string, Point>;
  edges: readonly { edge: GraphEdge; points: readonly Point[]; label?: Point }[];
}

const box = { width: 188, height: 58 };
const letterWidth = 6.2;
const margin = 12;
const origin: Point = { x: 0, y: 0 };
/** What a page shows without being scrolled sideways. */
const pageWidth = 1120;

/** @param name the prefix of its ids */
export function formatGraph(graph: RunGraph, name: string): string {
  const { direction, width, height, nodes, edges } = placeNodes(graph);
  const lines = edges.map(({ edge, points, label }) => {
    const way = wayOf(nodes.get(edge.from), nodes.get(edge.to), points, direction);
    return drawEdge(edge, curveOf(way, direction), label, name);
  });
  const boxes = graph.nodes.map((node) => drawNode(node, nodes.get(node.id)));
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
  return `<div class="scroll" tabindex="0"><svg class="graph" ${size} role="img" aria-label="Graph of the run"><defs><marker id="${name}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="arrow" d="M0 0L8 4L0 8z"/></marker></defs>${lines.join("")}${boxes.join("")}</svg></div>`;
}

/** Layers from left to right where that fits, as a sentence is read; else from above to below. */
function placeNodes(graph: RunGraph): Placed {
  const across = place(graph, "LR");
  if (across.width <= pageWidth) return across;
  const down = place(graph, "TB");
  return down.width < across.width ? down : across;
}

function place({ nodes, edges }: RunGraph, rankdir: Direction): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir, nodesep: 18, ranksep: rankdir === "LR" ? 56 : 32, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  // The layout puts the last that it hears of first.
  for (const { id } of nodes.toReversed()) graph.setNode(id, { ...box });
  for (const { from, to, label } of edges) {
    graph.setEdge(from, to, label === undefined ? {} : { width: oneLine(label, 24).length * letterWidth, height: 14 });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const pointOf = (id: string): Point => {
    const { x = 0, y = 0 } = graph.node(id) as Partial<Point>;
    return { x, y };
  };
  return {
    ...{ direction: rankdir, width, height },
    nodes: new Map(nodes.map(({ id }) => [id, pointOf(id)])),
    edges: edges.map((edge) => {
      const { points = [], x, y } = graph.edge(edge.from, edge.to) as { points?: Point[] } & Partial<Point>;
      return {
        edge,
        points,
        ...(edge.label !== undefined && x !== undefined && y !== undefined && { label: { x, y } }),
      };
    }),
  };
}

/** From the middle of a side to the middle of the side across, around the nodes that lie between. */
function wayOf(from: Point = origin, to: Point = origin, points: readonly Point[], direction: Direction): Point[] {
  const [dx, dy] = direction === "LR" ? [box.width / 2, 0] : [0, box.height / 2];
  // Of neighbours, the third point is only the middle.
  const between = points.length > 3 ? points.slice(1, -1) : [];
  return [{ x: from.x + dx, y: from.y + dy }, ...between, { x: to.x - dx, y: to.y - dy }];
}

/** Leaves and arrives straight. */
function curveOf(way: readonly Point[], direction: Direction): string {
  return way
    .map(({ x, y }, index) => {
      const before = way[index - 1];
      if (!before) return `M${round(x)} ${round(y)}`;
      const [mx, my] = [round((before.x + x) / 2), round((before.y + y) / 2)];
      const handles =
        direction === "LR"
          ? `${mx} ${round(before.y)} ${mx} ${round(y)}`
          : `${round(before.x)} ${my} ${round(x)} ${my}`;
      return `C${handles} ${round(x)} ${round(y)}`;
    })
    .join("");
}

function drawEdge(edge: GraphEdge, path: string, label: Point | undefined, name: string): string {
  const text =
    label && edge.label !== undefined
      ? `<text class="when" x="${round(label.x)}" y="${round(label.y + 4)}" text-anchor="middle">${escapeHtml(oneLine(edge.label, 24))}<title>${escapeHtml(edge.label)}</title></text>`
      : "";
  return `<path class="edge" d="${path}" marker-end="url(#${name}-arrow)"/>${text}`;
}

function drawNode(node: GraphNode, at: Point = origin): string {
  const { label, about, status, isRun, target, durationMs } = node;
  const [x, y] = [round(at.x - box.width / 2), round(at.y - box.height / 2)];
  const took = formatDuration(durationMs);
  const told = [statusText(status), took].filter(Boolean).join(" · ");
  const letters = Math.floor((box.width - 26) / letterWidth);
  const rows = [
    `<text class="name" x="14" y="20">${escapeHtml(oneLine(label, letters - 3))}</text>`,
    `<text class="small" x="14" y="35">${escapeHtml(oneLine(about, letters))}</text>`,
    `<text class="small status" x="14" y="50">${escapeHtml([briefStatus(status), took].filter(Boolean).join(" · "))}</text>`,
  ];
  const title = `<title>${escapeHtml([label, about, told].filter(Boolean).join("\n"))}</title>`;
  const shape = `<rect class="box" width="${box.width}" height="${box.height}" rx="${isRun ? 20 : 4}"/><rect class="edge-mark" width="5" height="${box.height - 16}" x="0" y="8"/>`;
  const drawn = `<g class="node ${status}" transform="translate(${x} ${y})">${title}${shape}${rows.join("")}</g>`;
  return target === undefined ? drawn : `<a href="#${target}">${drawn}</a>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
