// Package monitor keeps a live copy of a tree of znodes: its open part, its changes, and the state
// of the servers. It draws nothing and writes nothing to the ensemble. Package screen and the lines
// in a pipe show what it returns.
//
// [Follow] begins a session and sets one watch on the whole subtree, persistent and recursive. The
// follower learns of each [Change] from the events of that watch. It reads what events do not
// contain: the children of open folders, the metadata of open znodes, the value of the chosen znode.
// It bounds the number of concurrent reads, and reads a znode at most ten times a second.
//
// A [Follower] has three parts. The tree (tree.go) is the copy: events and replies to reads change
// it, and it returns the rows and meanings for a screen. The feed (feed.go) has the session: it sets
// the watch, and passes events and replies to the tree. The schedule (schedule.go) decides what to
// read next. The three share the reach (heard.go) and the log (log.go).
//
// Events and replies to reads are handled in the order in which the server sent them
// ([client.Client.Mark]). So the copy equals an earlier state of the server, and misses no change for
// good. No watch reports what happens while there is no connection ("Programmer's Guide, Persistent,
// Recursive Watches"). After such a time, the follower reads again everything that is loaded,
// compares it, and reports each difference as a Change with Found.
package monitor
