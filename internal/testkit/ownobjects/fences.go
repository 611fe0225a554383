package ownobjects

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// guarded is a znode with the token of the last write. A wrong one accepts every write, whatever its
// token.
type guarded struct {
	*seat
	wrong bool
}

var errOldToken = errors.New("the token is old")

func (g *guarded) Write(ctx context.Context, token int64) error {
	now, done, err := g.session()
	if err != nil {
		return err
	}
	defer done()
	for ctx.Err() == nil {
		data, stat, err := now.Conn.Get(g.path)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		if last, _ := strconv.ParseInt(string(data), 10, 64); token < last && !g.wrong {
			return errOldToken
		}
		if _, err = now.Conn.Set(g.path, strconv.AppendInt(nil, token, 10), stat.Version); !errors.Is(err, zk.ErrBadVersion) {
			return err
		}
	}
	return subjects.WithoutEffect(context.Cause(ctx))
}

// fences declares objects whose writes are guarded by tokens.
func fences(life Life, wrong bool) Declared {
	write := object.Give("write", (*guarded).Write, object.Unique).Refuses(errOldToken)
	return object.Object[*guarded]{
		Name: "own-fence", Operations: []object.Operation[*guarded]{write},
		Rules: []object.Rule{object.Fenced(write, func(token int64) int64 { return token })},
		New:   seated(life, "0", func(s *seat) *guarded { return &guarded{s, wrong} }),
	}
}
