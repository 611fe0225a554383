// Package znodes reads and makes the names and the paths of the znodes of recipes. It knows no
// connection, and no recipe: which kinds of znodes there are is declared with the recipes.
package znodes
