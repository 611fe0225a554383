// Package faults is what can be done to an ensemble and its clients while
// recipes run on it. What is done when is no business of it (package plan). It may
// not know a recipe or a check, nor touch a server but by the abilities of package
// ensemble, nor a client but by its link and its process.
//
// A [Fault] is a kind of harm with its parameters ([Pause], [Expire]). Injected
// into a [Target] it gives an [Effect], which can be verified from outside and
// healed.
//
// A fault is for servers ([Nodes] says which), for the network between them, for
// clients ([Who] says which: their links, messages, sessions, processes), or for
// the znodes of a recipe. Faults that overlap keep out of each other's way by
// [Claims]. Whoever writes one begins with a small one beside the like: link_cut.go for
// clients, znode_foreign.go for znodes, and declares its kind there: how it is written,
// what the guide says of it, how it is made. What readers of a record go by (package
// kinds, below this one) is one line more, and nobody else knows a fault by its name.
//
// Each fault has a file that is called by what it hits, and like it: server_pause.go.
// What is in which file:
//
//	server_    servers; shared: nodes down probe
//	network_   what is between servers; shared: shapes links
//	link_      links of clients; shared: effect
//	message_   single messages on them; shared: wrote
//	session_   sessions of clients
//	process_   processes of clients
//	znode_     znodes of a recipe; shared: folder admin
//	client_    whom all faults of clients hit: who next
//
//	every fault           fault (Fault, Effect, Target) point claims activity
//	kinds and arguments   kinds options
//
// They are one package because they share so much: whom to hit, how to see from
// outside, what must not overlap. Package link, below this one, is the wire between
// one client and the ensemble.
package faults
