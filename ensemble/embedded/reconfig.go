package embedded

import "github.com/zklab/zklab/internal/zk/superuser"

// Administrator returns the super user of an ensemble that is prepared for [ensemble.CanReconfigure].
func (e *Ensemble) Administrator() (scheme string, credential []byte) {
	return superuser.Scheme, []byte(superuser.Credential)
}
