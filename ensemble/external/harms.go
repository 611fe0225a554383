package external

import (
	"net"

	"github.com/zklab/zklab/ensemble"
)

// Harm is a command that harms a server, and the one that undoes it, as sh -c runs them.
type Harm struct {
	Server        int // from 1
	Addr          string
	By            ensemble.Ability // which faults give it
	Command, Undo string
	Where         string // the command that is run first, and shows that it is this server; "" for none
}

// Harms lists all commands of a valid Config, for one server after the other.
func (c Config) Harms() (all []Harm) {
	for i, addr := range c.Servers {
		host, port, _ := net.SplitHostPort(addr)
		v := values(i+1, host, port)
		for _, h := range []Harm{
			{By: ensemble.CanPause, Command: c.Commands.Pause, Undo: c.Commands.Resume},
			{By: ensemble.CanKill, Command: c.Commands.Kill, Undo: c.Commands.Start},
			{By: ensemble.CanStop, Command: c.Commands.Stop, Undo: c.Commands.Start},
		} {
			if h.Command != "" {
				all = append(all, Harm{i + 1, addr, h.By, v.Replace(h.Command), v.Replace(h.Undo), v.Replace(c.Commands.Where)})
			}
		}
	}
	return all
}

// Without returns the Config without the command for an ability.
func (c Config) Without(a ensemble.Ability) Config {
	switch a {
	case ensemble.CanPause:
		c.Commands.Pause, c.Commands.Resume = "", ""
	case ensemble.CanKill:
		c.Commands.Kill = ""
	case ensemble.CanStop:
		c.Commands.Stop = ""
	}
	if c.Commands.Kill == "" && c.Commands.Stop == "" {
		c.Commands.Start = ""
	}
	return c
}
