// Package groups decides histories of groups that clients join and leave: whether who was
// listed was a member, whether nobody saw less than its session had seen, and whether all see
// in the end who is there. It may not know what was done to the run but by the evidence of
// sessions, connections and the transaction log.
package groups
