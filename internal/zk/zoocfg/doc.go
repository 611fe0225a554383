// Package zoocfg writes the configuration of Apache ZooKeeper's servers: zoo.cfg, the environment
// that the official image reads, and files for Docker Compose.
// It starts nothing.
package zoocfg
