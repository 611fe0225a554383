// Package screen draws what package monitor follows on a terminal: the tree and what happens
// in it, the chosen znode, a log, servers and sessions. It asks a [Source] for what there is
// and knows nothing of connections.
//
// What is drawn follows from a view of the source and a state of the screen alone (draw); the
// model around it takes keys and the mouse, and asks for a view at most ten times a second.
// Nothing of a znode reaches the terminal that the terminal would obey, and each line has
// exactly the terminal's width, whatever names there are (clean).
package screen
