// Package serve shows a store in a browser: its runs and sweeps, which of them are under way, what was found
// in them, and their pages and files. It reads the store and deletes from it on request; it runs and checks
// nothing, except that it looks for violations in the record of a run under way while a browser shows it.
//
// [New] opens a store, and [Server.Handler] is the whole site. guard.go says who may ask for what. All
// files are opened through one [os.Root], so nothing outside the store can be reached, and all text
// from the store is escaped by html/template. index.go lists the store, live.go follows entries under
// way, and the other files have a page each.
package serve
