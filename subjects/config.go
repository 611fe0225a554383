package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/recipes"
)

// Config is a configuration that clients change and watch: the data of the znode at its
// path. It is unset while the znode does not exist.
type Config interface {
	Set(ctx context.Context, value string) error
	// Delete unsets the configuration.
	Delete(ctx context.Context) error
	// Next returns the present configuration at the first call. Each later call waits for a
	// later configuration and returns that. Next may skip configurations that are replaced
	// before it looks, even a value that was set and deleted. An error loses nothing: the
	// next call returns what the failed one could not.
	Next(ctx context.Context) (models.Setting, error)
}

// NewConfig is zklab's own configuration, recipes.Config, with one watch on it.
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

// ServeConfig serves configurations to another process.
func ServeConfig(make func(c *Client, path string) (Config, error)) Maker {
	return func(c *Client, path string, _ json.RawMessage) (*Served, error) {
		config, err := make(c, path)
		if err != nil {
			return nil, err
		}
		return &Served{Subject: config, Operations: map[string]Operation{
			models.FSet:     taking(func(ctx context.Context, v models.Setting) (any, error) { return nil, config.Set(ctx, v.Value) }),
			models.FDelete:  plain(config.Delete),
			models.FObserve: taking(func(ctx context.Context, _ struct{}) (any, error) { return config.Next(ctx) }),
		}}, nil
	}
}

// RemoteConfig is the configuration of the adapter process that the client runs as.
func RemoteConfig(c *Client, path string) (Config, error) {
	o, err := c.remote(models.Config.Name, path, nil)
	if err != nil {
		return nil, err
	}
	return remoteConfig{o}, nil
}

type remoteConfig struct{ Object }

func (c remoteConfig) Set(ctx context.Context, value string) error {
	return c.Call(ctx, models.FSet, models.Setting{Value: value}, nil)
}

func (c remoteConfig) Delete(ctx context.Context) error {
	return c.Call(ctx, models.FDelete, nil, nil)
}

func (c remoteConfig) Next(ctx context.Context) (next models.Setting, err error) {
	err = c.Call(ctx, models.FObserve, nil, &next)
	return next, err
}
