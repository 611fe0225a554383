package embedded

import (
	"errors"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/zk/superuser"
)

var errNoReconfig = errors.New("the servers refuse reconfig, or have another super user: start the ensemble with the ability to be reconfigured (see Prepare)")

// Administrator returns the super user of an ensemble that is prepared for [ensemble.CanReconfigure].
func (e *Ensemble) Administrator() (scheme string, credential []byte) {
	return superuser.Scheme, []byte(superuser.Credential)
}

// Lacks reports the abilities that an ensemble has only if it was started for them.
func (e *Ensemble) Lacks(a ensemble.Ability) error {
	switch {
	case a == ensemble.CanReconfigure && !(e.cfg.Reconfig && e.cfg.SuperDigest == superuser.Digest()):
		return errNoReconfig
	case a == ensemble.CanUpgrade && e.cfg.UpgradeTo == "":
		return errNoUpgrade
	}
	return nil
}
