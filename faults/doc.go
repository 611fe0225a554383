// Package faults is what can be done to an ensemble and its clients while
// recipes run on it, and when.
//
// A [Fault] is a kind of harm with its parameters ([Pause], [Expire]). Injected
// into a [Target] it gives an [Effect], which can be verified from outside and
// healed. A [Schedule] says what happens when; it follows from a seed alone.
// [Play] carries a schedule out, records each step as an event of the process
// "nemesis", and heals everything at the end, however the end comes.
//
// A fault is for servers ([Nodes] says which), for the network between them, for
// clients ([Who] says which: their links, messages, sessions, processes), or for
// the znodes of a recipe. Faults that overlap keep out of each other's way by
// [Claims]. Whoever writes one begins with a small one beside the like: cut.go for
// clients, foreign.go for znodes, and lists its kind in kinds.go.
//
// Each fault has a file that is called like it, and those of one room share some.
// What is in which file:
//
//	room                  faults                                  what they share
//	servers               pause kill restart rolling              nodes down probe
//	                      full_disk slow_disk
//	network of servers    partition lossy slow_network            shapes server_links probe
//	links of clients      cut_off cut reset refuse                who client_links
//	                      stall_link slow_link move
//	messages              lose (requests, replies) late_event     who wrote
//	sessions              expire silence duplicate                who next
//	processes             freeze crash                            who
//	znodes                foreign acl recreate counter            folder admin
//
//	every fault           fault (Fault, Effect, Target) claims activity
//	kinds and arguments   kinds options
//	what people write     parse parse_item expression nearest
//	what happens when     schedule schedule_mix all
//	doing it              play
//
// They are one package because they share so much: whom to strike, how to see from
// outside, what must not overlap. Package link, below this one, is the wire between
// one client and the ensemble.
package faults
