// Package servers decides, from what clients' links saw, whether servers kept what they owe to any
// client, whatever it does ("Programmer's Guide, ZooKeeper Sessions"): a connect is answered with
// the session that was asked for, a session lives as long as its client keeps it alive, and
// requests are answered in order. It needs no transaction log, and knows no recipe.
//
// The register and the store itself have these as properties. Every other recipe rests on them: see
// [Broken].
package servers
