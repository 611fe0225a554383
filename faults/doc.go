// Package faults harms an ensemble and its clients while recipes run on it. Package plan
// decides which fault happens when. Package faults knows no recipe and no check. It reaches
// a server only through the abilities of package ensemble, and a client only through its
// link and its process.
//
// A [Fault] is a kind of harm with its parameters ([Pause], [Expire]). Injecting it into a
// [Target] gives an [Effect], which can be verified from outside and healed.
//
// A fault hits servers (chosen by [Nodes]), the network between them, clients (chosen by [Who]:
// their links, messages, sessions, processes), or the znodes of a recipe. [Claims]
// keep overlapping faults out of each other's way. To write a fault, begin with a small one
// of the same target: link_cut.go for clients, znode_foreign.go for znodes. Declare its
// kind in its file: how it is written, what the guide says about it, and how it is made.
// Add one line to package kinds, below this one, for the readers of a record. No other code
// knows a fault by its name.
//
// Each fault has a file named after its target and itself, such as server_pause.go. What is in which file:
//
//	server_    servers; shared: nodes down probe
//	network_   links between servers; shared: shapes links
//	link_      links of clients; shared: effect
//	message_   single messages on them; shared: wrote
//	session_   sessions of clients
//	process_   processes of clients
//	znode_     znodes of a recipe; shared: folder admin
//	client_    which client a fault hits: who next
//
//	every fault           fault (Fault, Effect, Target) point claims activity
//	kinds and arguments   kinds options meaning
//
// Faults form one package because they share how targets are chosen, how effects are seen
// from outside, and what must not overlap. Package link, below this one, is the wire
// between one client and the ensemble.
package faults
