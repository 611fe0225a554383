package ensembles

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/images"
)

// suites lists the releases of Debian for which images/zookeeper/build makes an image, the default
// first.
var suites = []string{"trixie", "bookworm"}

func newImage() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Build the local image of Apache ZooKeeper",
		Args:  usage.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImageBuild())
	return cmd
}

func newImageBuild() *cobra.Command {
	var suite string
	var force bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build an image for ensembles in containers, from Debian's packages",
		Long: "Build makes the image that --ensemble container and helpers use, from Debian's packages and without\n" +
			"an image registry. It needs a Docker engine, the docker command and mmdebstrap; if root runs it, it\n" +
			"installs mmdebstrap. On a system other than Debian, ZKLAB_DEBIAN_MIRROR names a mirror, and\n" +
			"ZKLAB_IMAGE_TAG another name for the image. It does nothing if the image is there already.",
		Example: "  zklab image build\n  zklab image build --suite bookworm",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(suites, suite) {
				return usage.Errorf("--suite: there is no %q: choose %s", suite, strings.Join(suites, " or "))
			}
			options := []string{"--suite", suite}
			if force {
				options = append(options, "--force")
			}
			ctx, stop := terminal.UntilSignal()
			defer stop()
			return images.BuildZooKeeper(ctx, cmd.ErrOrStderr(), options...)
		},
	}
	cmd.Flags().StringVar(&suite, "suite", suites[0], "release of Debian: trixie (for zklab/zookeeper:3.9) or bookworm (for zklab/zookeeper:3.8)")
	cmd.Flags().BoolVar(&force, "force", false, "build the image even if it is there already")
	usage.Completes(cmd, "suite", usage.ChoiceOf(suites...))
	return cmd
}
