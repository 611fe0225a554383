// Package storedruns has the commands for stored runs: they list, check, report, compare, export, serve and remove
// them, and replay and shrink what was found. Most take the path of a run, which the Tab key completes. It makes new
// runs only from stored ones.
package storedruns
