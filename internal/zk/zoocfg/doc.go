// Package zoocfg writes the configuration of Apache ZooKeeper's servers: zoo.cfg, the environment
// that the official image reads (https://hub.docker.com/_/zookeeper), and files for Docker Compose.
// It starts nothing.
package zoocfg
