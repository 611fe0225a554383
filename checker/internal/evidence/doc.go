// Package evidence reads a history once into what every check needs: what happened to each key,
// what is known of each session's life, connections, clients' processes, faults and phases, and
// what the ensemble's transaction log shows. It decides nothing, and knows no object: the packages
// of locks, queues and others derive their own values, and keep them here ([Once], [OncePerKey]).
//
// [Read] returns a [Record]. It does not change any more, except that the unreadable parts that
// checks find are added to its [Damage].
package evidence
