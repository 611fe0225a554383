// Package screen shows what package monitor follows on a terminal: the tree with its changes, the
// selected znode, a log, servers and sessions. It gets a view from a [Source], and knows nothing of
// connections.
//
// The function draw makes the screen from a view and a state only. The model around it handles keys
// and the mouse, and gets a view at most ten times a second. The function clean escapes the control
// characters of znodes before they reach the terminal. Each line has exactly the terminal's width.
package screen
