package container

import (
	"errors"
	"slices"
	"strings"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/superuser"
)

const superDigest = "-Dzookeeper.DigestAuthenticationProvider.superDigest="

var (
	errNoReconfig   = errors.New("the servers refuse reconfig: start the ensemble with the ability to be reconfigured (see Preparer)")
	errAnotherSuper = errors.New("the servers were given another super user: leave out their superDigest, and zklab names one")
)

// reconfigures reports whether the ensemble is started for reconfig.
func (c Config) reconfigures() bool { return c.can(ensemble.CanReconfigure) }

// refusesReconfig returns why zklab may not reconfigure the ensemble; nil if it may.
func (c Config) refusesReconfig() error {
	switch {
	case !c.reconfigures():
		return errNoReconfig
	case slices.ContainsFunc(c.JVMFlags, func(f string) bool { return strings.HasPrefix(f, superDigest) }):
		return errAnotherSuper
	}
	return nil
}

// Administrator returns the super user of servers that are started for reconfig.
func (e *cluster) Administrator() (scheme string, credential []byte) {
	return superuser.Scheme, []byte(superuser.Credential)
}
