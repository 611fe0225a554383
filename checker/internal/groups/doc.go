// Package groups decides histories of groups that clients join and leave: whether every listed
// member was a member, whether each client saw at least what its session had seen before, and
// whether all clients see the members in the end. It must not know what was done to the run, except
// by the evidence of sessions, connections and the transaction log.
package groups
