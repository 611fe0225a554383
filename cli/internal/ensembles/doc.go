// Package ensembles has zklab ensemble with its commands, doctor and clean: it starts ensembles, in the background
// too, writes their files, controls them, tells how they are, and removes what crashes left behind. It runs no
// experiment.
package ensembles
