// Package catalog lists what is in a store: runs, sweeps, explorations and matrices, each with its state, its age,
// its label and why it cannot be read. zklab list, prune and serve use its terms for a store. Package
// serve also follows runs under way, and must not follow links, so it opens the files itself.
package catalog
