/** Times in the reader's own zone, which they name; the server writes them in UTC, and that stays as the title. */

const FORMAT: Intl.DateTimeFormatOptions = {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
};

export function showLocalTimes(root: ParentNode): void {
  const format = new Intl.DateTimeFormat("en-GB", FORMAT);
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.textContent ?? "";
    time.textContent = format.format(moment);
  }
}
