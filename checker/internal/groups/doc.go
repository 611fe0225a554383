// Package groups decides histories of groups that clients join and leave: whether every member that was
// listed was one, whether no client saw less than its session had seen before, and whether in the end
// all clients see the members. It may not know what was done to the run, except by the evidence of
// sessions, connections and the transaction log.
package groups
