/** The name of the timeline's panels, as the manifest's menus and a restored window know it. */
export const timelineViewType = "runtrail.timeline";
