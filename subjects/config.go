package subjects

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Config is a configuration that clients change and watch: the data of the znode at its
// path. It is unset while the znode does not exist.
type Config interface {
	// Set sets each value once. It is called again with a value only after an error that reports that the
	// call had no effect ([NoEffect]). One client sets all values of a configuration.
	Set(ctx context.Context, value string) error
	// Delete unsets the configuration. The client that sets also deletes, whether or not there is a
	// value. After an error any call may follow.
	Delete(ctx context.Context) error
	// Next returns the present configuration at the first call. Each later call waits for a
	// later configuration and returns that. Next may skip configurations that are replaced
	// before it looks, even a value that was set and deleted, and may return one again, such as after
	// a lost connection, but none that is older. All clients call it. An error
	// loses nothing: the next call returns what the failed one could not.
	Next(ctx context.Context) (models.Setting, error)
}

// NewConfig returns zklab's own configuration, recipes.Config, with one watch on it.
func NewConfig(c *Client, path string) (Config, error) {
	return ofRecipe(c, func(cl *recipes.Client) Config {
		config := recipes.NewConfig(cl, path)
		return ownConfig{config, config.Watch()}
	})
}

type ownConfig struct {
	*recipes.Config
	watch *recipes.ConfigWatch
}

func (c ownConfig) Set(ctx context.Context, value string) error {
	return c.Config.Set(ctx, []byte(value))
}

func (c ownConfig) Next(ctx context.Context) (models.Setting, error) {
	next, err := c.watch.Next(ctx)
	return models.Setting{Value: string(next.Data), Absent: !next.Exists}, err
}
