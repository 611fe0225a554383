// Package ensembles has zklab ensemble with its commands, doctor and clean: it starts ensembles, in the background
// too, writes their files, controls them, tells how they are, watches those of others, and removes what crashes left
// behind. It runs no experiment but that of the check, which injects nothing.
package ensembles
