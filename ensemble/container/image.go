package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/client"
)

// OfficialImage is the image that is pulled if no other is there.
const OfficialImage = "zookeeper:3.9"

const (
	localImage  = "zklab/zookeeper:3.9" // as zklab image build builds it
	olderImage  = "zklab/zookeeper:3.8" // as zklab image build --suite bookworm builds it
	localPrefix = "zklab/"              // in no registry: a pull could only bring something else
)

var (
	errLocalOnly = errors.New("it is in no registry")
	errNotTried  = errors.New("not pulled yet")
	errGoneAgain = errors.New("pulled, but not there")
)

// ValidateImage returns an error if name is not the name of an image.
func ValidateImage(name string) error {
	if _, err := reference.ParseAnyReference(name); err != nil {
		return fmt.Errorf("malformed image name %q: %w", name, err)
	}
	return nil
}

// picked is the image that a run uses.
type picked struct {
	name   string
	digest string // of the registry, or the image's id when it comes from none
	labels map[string]string
}

// wanted returns the images to look for, the first choice first. That is also the one to pull when none
// is there.
func (c Config) wanted() (names []string, err error) {
	names = []string{OfficialImage, localImage}
	if c.Image != "" {
		names = []string{c.Image}
	} else if name := os.Getenv("ZKLAB_IMAGE"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if err := ValidateImage(name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// pickImage finds the image, or pulls it.
func (c Config) pickImage(ctx context.Context, engine engine) (picked, error) {
	names, err := c.wanted()
	if err != nil {
		return picked{}, err
	}
	if image, ok, err := present(ctx, engine, names); ok || err != nil {
		return image, err
	}
	if err := c.pull(ctx, engine, names[0]); err != nil {
		if ctx.Err() != nil {
			return picked{}, context.Cause(ctx)
		}
		return picked{}, noImage(names, fmt.Errorf("and cannot be pulled: %w", err))
	}
	image, ok, err := present(ctx, engine, names[:1])
	if err == nil && !ok {
		err = noImage(names, errGoneAgain)
	}
	return image, err
}

// present returns the first of the images that the engine has.
func present(ctx context.Context, engine engine, names []string) (picked, bool, error) {
	for _, name := range names {
		image, err := engine.Client().ImageInspect(ctx, name)
		switch {
		case err == nil:
			return picked{name, digestOf(image), labelsOf(image)}, true, nil
		case !errdefs.IsNotFound(err):
			return picked{}, false, engineErr("look for image "+name, err)
		}
	}
	return picked{}, false, nil
}

func digestOf(image client.ImageInspectResult) string {
	for _, named := range image.RepoDigests {
		if _, digest, ok := strings.Cut(named, "@"); ok {
			return digest
		}
	}
	return image.ID
}

func (c Config) pull(ctx context.Context, engine engine, name string) error {
	if strings.HasPrefix(name, localPrefix) {
		return errLocalOnly
	}
	c.Logf("pulling %s", name)
	// The pull has no credentials. Users pull private images themselves.
	pull, err := engine.Client().ImagePull(ctx, name, client.ImagePullOptions{})
	if err != nil {
		return err
	}
	return pull.Wait(ctx)
}

// noImage returns an error that says what to do: users have to pull or build an image that they named,
// and zklab can build the default one.
func noImage(names []string, why error) error {
	way := "run `zklab image build` to build " + localImage
	if slices.Contains(names, olderImage) {
		way = "run `zklab image build --suite bookworm` to build it"
	} else if !slices.Contains(names, localImage) {
		way = "pull or build it, or " + way + " and name that"
	}
	return fmt.Errorf("%w: %s is absent (%w): %s", ErrNoImage, strings.Join(names, " or "), oneLine{why}, way)
}
