// Package experiments has the commands that run one experiment or prepare one: run, init, conform, worker and overlay.
// It reads an experiment from flags and files, and makes of it what package experiment of the laboratory runs; sweeps,
// explorations and replays start from here. It knows no command of another room.
package experiments
