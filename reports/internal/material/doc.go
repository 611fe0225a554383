// Package material has the data of a report on one run, each piece computed once.
package material
