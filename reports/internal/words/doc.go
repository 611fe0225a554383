// Package words says in words what reports show: durations, numbers, and the figures of runs and sweeps. It knows
// neither pages nor pictures.
package words
