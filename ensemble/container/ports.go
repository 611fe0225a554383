package container

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Ports are drawn from a range below the one from which systems take the ports of outgoing connections
// (from 32768 on Linux, 49152 elsewhere): a server that is down for a moment must find its port free
// again.
const (
	firstPort = 20000
	lastPort  = 29999
	portDraws = 200
)

// choosePorts returns one free port for each server. It holds all of them open until all are chosen, so
// that none is chosen twice.
func (c Config) choosePorts(rng *rand.Rand) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	if len(c.Ports) > 0 {
		for _, port := range c.Ports {
			l, err := holdPort(port)
			if err != nil {
				return nil, portErr(port, err)
			}
			held = append(held, l)
		}
		return c.Ports, nil
	}
	var ports []int
	for range portDraws {
		if len(ports) == c.Nodes {
			return ports, nil
		}
		port := firstPort + rng.IntN(lastPort-firstPort+1)
		if l, err := holdPort(port); err == nil {
			held = append(held, l)
			ports = append(ports, port)
		}
	}
	return nil, fmt.Errorf("%w: no %d free ones found on 127.0.0.1 between %d and %d", ErrPortTaken, c.Nodes, firstPort, lastPort)
}

func holdPort(port int) (net.Listener, error) {
	return net.Listen("tcp4", netip.AddrPortFrom(loopback, uint16(port)).String())
}

func portErr(port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) || isPortTaken(err) {
		return fmt.Errorf("%w: 127.0.0.1:%d: free it, choose another, or let zklab choose", ErrPortTaken, port)
	}
	return fmt.Errorf("port %d: %w", port, oneLine{err})
}

// isPortTaken knows the engine's words for it: there is no code.
func isPortTaken(err error) bool {
	text := err.Error()
	return strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use") ||
		strings.Contains(text, "ports are not available")
}
