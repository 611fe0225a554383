package container

import (
	"context"

	"github.com/moby/moby/client"
)

// StartOnPort starts one server as Start does, but on a port that was free when
// it was chosen and is taken now.
func StartOnPort(ctx context.Context, c Config, port int) (addr string, leave func() error, err error) {
	c.Nodes = 1
	c = c.withDefaults()
	engine, err := openEngine(ctx)
	if err != nil {
		return "", nil, err
	}
	e := &cluster{run: newRun(), engine: engine}
	image, err := c.pickImage(ctx, engine)
	if err != nil {
		return "", e.Close, err
	}
	network, subnet, err := createNetwork(ctx, e.run)
	if err != nil {
		return "", e.Close, err
	}
	s, err := c.startServer(ctx, e, serverSpec{1, image.name, network.Name, subnet, port})
	if err != nil {
		return "", e.Close, err
	}
	return s.addr, e.Close, nil
}

// Kill ends a server's process at once; its container stays.
func Kill(ctx context.Context, s any) error {
	_, err := s.(*server).engine.ContainerKill(ctx, s.(*server).container, client.ContainerKillOptions{Signal: "KILL"})
	return err
}

// Owned lists everything on the engine that the process owns.
func Owned(ctx context.Context, pid string) (ids []string, err error) {
	engine, err := openEngine(ctx)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	mine := make(client.Filters).Add("label", labelPID+"="+pid)
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return nil, err
	}
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return nil, err
	}
	for _, c := range containers.Items {
		ids = append(ids, "container "+c.ID)
	}
	for _, n := range networks.Items {
		ids = append(ids, "network "+n.ID)
	}
	return ids, nil
}
