/** @typedef {null | boolean | number | string | Json[] | JsonObject} Json */
/** @typedef {{ [name: string]: Json }} JsonObject */

/**
 * @param {Json | undefined} value
 * @returns {value is JsonObject}
 */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Applies a JSON Merge Patch (RFC 7396) and returns the result; neither argument is changed.
 * @param {Json | undefined} target
 * @param {Json} patch
 * @returns {Json}
 */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch
  // A Map, because assigning to the member `__proto__` of an object would change its prototype.
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}

/**
 * Looks no further than `levels`, so that it can be asked about any depth.
 * @param {number} levels
 * @param {Json} value
 * @returns {boolean}
 */
export function isDeeperThan(levels, value) {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member))
}
