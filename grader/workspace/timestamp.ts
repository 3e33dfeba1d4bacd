/** A moment in local time as a part of a file name that sorts: `20261122-163005`. */
export function timestamp(moment: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const date = `${moment.getFullYear()}${two(moment.getMonth() + 1)}${two(moment.getDate())}`
  return `${date}-${two(moment.getHours())}${two(moment.getMinutes())}${two(moment.getSeconds())}`
}
