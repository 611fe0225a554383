// Package znodes parses and makes the names and the paths of the znodes of recipes. It knows no
// connections and no recipes: each recipe declares its kinds of znodes.
package znodes
