// Package ensembles has zklab ensemble with its commands, doctor and clean: it starts ensembles, also in the
// background, writes their files, controls them, reports their health, watches external ones, and removes what
// crashes left behind. It runs no experiment except that of the check, which injects no faults.
package ensembles
