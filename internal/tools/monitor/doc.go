// Package monitor keeps a live copy of a namespace: what is open of a tree of znodes, what
// happens to it, and how the servers are. It draws nothing and writes nothing to the
// ensemble; a terminal's screen, or lines in a pipe, are made of what it gives.
//
// [Follow] begins a session and sets one watch, persistent and recursive, of the whole
// subtree. What happens is known by its events alone, each a [Change]. Reads fill in what
// events do not tell: the children of folders that are opened, the stats of what is open,
// the value of the znode that is chosen. They are bounded: so many under way at once, a
// znode at most ten times a second.
//
// A Follower puts three types together. The tree (tree.go) is the copy: events and replies to
// reads change it, and the rows and meanings on a screen are made of it. The feed (feed.go) has the
// session: it sets the watch, and gives the tree what comes of it. The schedule (schedule.go)
// says what is read next. The reach (heard.go) and the log (log.go) are what they share.
//
// What events tell comes in one order with the replies to reads: a reply is taken when
// all events that came before it were ([client.Client.Mark]). So the copy is what the server
// had, and no change is lost for good. What happens while there is no connection no watch
// tells ("Programmer's Guide, Persistent, Recursive Watches"): afterwards all that is
// loaded is read again and compared, and each difference is a Change that was Found.
package monitor
