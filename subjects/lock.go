package subjects

import (
	"context"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/recipes"
)

// Lock is an exclusive lock on one path. It may be a [Fencer], a [Holder], an [Owner].
type Lock interface {
	// Lock waits until the lock is held or ctx ends. It is called while the client does not hold.
	// After an error it is called again, with no Unlock between.
	Lock(ctx context.Context) error
	// Unlock gives the lock up. It is called once after each Lock that succeeded, and again
	// while its error is zk.ErrNoAuth. After another error the next call is Lock.
	Unlock(ctx context.Context) error
}

// NewLock returns zklab's own lock, recipes.Lock.
func NewLock(c *Client, path string) (Lock, error) {
	return ofRecipe(c, func(cl *recipes.Client) Lock { return recipes.NewLock(cl, path) })
}

// NewACLLock returns zklab's own lock with an ACL: only authenticated clients may create znodes.
func NewACLLock(c *Client, path string) (Lock, error) {
	acl := append(zk.DigestACL(zk.PermAll, aclUser, aclPassword), zk.WorldACL(zk.PermAll&^zk.PermCreate)...)
	return ofRecipe(c, func(cl *recipes.Client) Lock {
		return &aclLock{recipeLock: recipes.NewLock(cl, path), conn: c.Conn}
	}, recipes.WithACL(acl...))
}

const aclUser, aclPassword = "zklab", "secret"

// recipeLock names an embedded field that would otherwise collide with the method Lock.
type recipeLock = recipes.Lock

type aclLock struct {
	*recipeLock
	conn *zk.Conn
	said bool // this client has authenticated; go-zookeeper repeats the authentication on each new connection
}

func (l *aclLock) Lock(ctx context.Context) error {
	for !l.said {
		err := await.Until(ctx, func() error { return l.conn.AddAuth("digest", []byte(aclUser+":"+aclPassword)) })
		if l.said = err == nil; !l.said && await.Sleep(ctx, tryAgain) != nil {
			return WithoutEffect(err)
		}
	}
	return l.recipeLock.Lock(ctx)
}
