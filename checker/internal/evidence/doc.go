// Package evidence reads a history once into what every check needs of it: what
// happened to each key, what is known of each session's life, connections, clients'
// processes, faults and phases, and what the ensemble's transaction log tells. It
// decides nothing, and knows no object: what is made of locks, queues and others is
// made in their own packages, and kept here ([Once], [OncePerKey]).
//
// [Read] gives a [Record], which does not change any more, except that what turns out
// to be unreadable is added to its [Damage].
package evidence
