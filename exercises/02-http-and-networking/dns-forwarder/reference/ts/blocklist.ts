/** @param domains separated by commas */
export function createBlocklist(domains: string): (labels: string[]) => boolean {
  const blocked = new Set(
    domains
      .split(',')
      .map((domain) => domain.trim().toLowerCase())
      .filter(Boolean),
  )
  // The name itself and each domain above it: whole labels are compared, so notads.example is not below ads.example.
  return (labels) => labels.some((_, i) => blocked.has(labels.slice(i).join('.').toLowerCase()))
}
