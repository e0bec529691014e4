package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/graph/endpoint"
)

var randomReader io.Reader = rand.Reader

// commandLine is the one place where flags are declared. The names of environment variables (STEMMA_ and the flag's name) and the
// keys of the configuration file (the flag's name) follow from it, and so do help and the table in docs/operate.md.
type commandLine struct {
	Config string `help:"Read flags from this YAML file: a key is the name of a flag." placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Serve the graph over HTTP as GraphQL."`
	Health  healthCommand  `cmd:"" help:"Ask a server whether it should be sent requests: status 0 yes, 1 no."`
	Query   queryCommand   `cmd:"" help:"Answer a GraphQL document from a store or a server."`
	Check   checkCommand   `cmd:"" help:"Prove that a store is whole: nodes, edges, indexes, counters and history agree. One that was not closed cleanly is opened for writing first."`
	Verify  verifyCommand  `cmd:"" help:"Prove that the evidence in this program stands in its source documents, word for word."`
	Backup  backupCommand  `cmd:"" help:"Write a store to a file, its history included."`
	Restore restoreCommand `cmd:"" help:"Make a store from a backup."`
	Audit   auditCommand   `cmd:"" help:"Read and prove the audit log: who wrote what, when, from where and why."`
	Repair  repairCommand  `cmd:"" help:"Say what a damaged store has lost, and make a store of what is left: for when there is no backup."`
	Token   tokenCommand   `cmd:"" help:"Make, list and revoke the tokens with which one may write."`
	Schema  schemaCommand  `cmd:"" help:"Print the GraphQL schema."`
	Version versionCommand `cmd:"" help:"Print the versions of the program, of its API and of its stores."`
	Help    helpCommand    `cmd:"" help:"Explain a command, or all of them."`
}

const description = `Stemma keeps a graph of the evidence on cell therapies, in which everything says where it is from, and serves it as GraphQL.

Each flag can also be given as an environment variable, whose name its help shows, or as a key of the YAML file that --config names. The command line comes before the environment, and that before the file.

Exit status: 0 it is good; 1 the answer is no (damage was found, a source has moved, a query has errors); 2 it was used wrongly or could not run. Errors go to standard error.`

// newParser returns a parser whose commands write to h.
func newParser(h *host) (*kong.Kong, error) {
	return kong.New(new(commandLine),
		kong.Name("stemma"),
		kong.Description(description),
		kong.DefaultEnvars("STEMMA"),
		variables(),
		kong.Writers(h.stdout, h.stderr),
		kong.Exit(func(status int) { panic(exit(status)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false, WrapUpperBound: 100}),
	)
}

// variables are what the tags of flags don't know: defaults that are declared where they belong.
func variables() kong.Vars {
	d := endpoint.DefaultLimits()
	return kong.Vars{
		"default_data":    userDataHelp(runtime.GOOS),
		"max_depth":       fmt.Sprint(d.MaxDepth),
		"max_cost":        fmt.Sprint(d.MaxCost),
		"max_looks":       fmt.Sprint(graph.DefaultBudget),
		"max_aliases":     fmt.Sprint(d.MaxAliases),
		"max_root_fields": fmt.Sprint(d.MaxRootFields),
		"max_tokens":      fmt.Sprint(d.MaxTokens),
		"max_body":        fmt.Sprint(d.MaxBodyBytes),
		"max_batch":       fmt.Sprint(d.MaxBatch),
		"timeout":         d.Timeout.String(),
		"max_streams":     fmt.Sprint(d.MaxStreams),
	}
}

// BeforeResolve reads the configuration file, which is named by a flag or the environment.
func (c *commandLine) BeforeResolve(ctx *kong.Context) error {
	for _, f := range ctx.Model.Flags {
		if f.Name != "config" {
			continue
		}
		path, _ := ctx.FlagValue(f).(string)
		if path == "" {
			return nil
		}
		resolver, err := readConfig(path, ctx.Model)
		if err != nil {
			return err
		}
		ctx.AddResolver(resolver)
	}
	return nil
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain; none explains all."`
}

func (c *helpCommand) Run(h *host) error {
	if err := showHelp(h, c.Command); err != nil || len(c.Command) > 0 {
		return err
	}
	k, err := newParser(h)
	if err != nil {
		return err
	}
	for _, leaf := range k.Model.Leaves(true) {
		path := strings.Fields(leaf.FullPath())[1:]
		if path[0] == "help" {
			continue
		}
		fmt.Fprintf(h.stdout, "\n%s\n", strings.Repeat("─", 80))
		if err := showHelp(h, path); err != nil {
			return err
		}
	}
	return nil
}

// showHelp prints the help of one command.
func showHelp(h *host, command []string) (err error) {
	k, err := newParser(h)
	if err != nil {
		return err
	}
	defer func() {
		// kong ends here when it has shown help.
		if p := recover(); p != nil {
			if _, ok := p.(exit); !ok {
				panic(p)
			}
		}
	}()
	_, err = k.Parse(append(command, "--help"))
	return err
}

// A dataDir is where a command finds its store.
type dataDir struct {
	Data string `help:"Directory of the store. Without it, the user's data directory (${default_data})." placeholder:"DIR"`
}

// dir returns the directory that was given, or the user's.
func (d dataDir) dir() (string, error) {
	if d.Data != "" {
		return d.Data, nil
	}
	return userData(runtime.GOOS, os.Getenv)
}

// userData is where an operating system wants a user's data.
func userData(system string, env func(string) string) (string, error) {
	var base, path string
	switch system {
	case "windows":
		base, path = env("LocalAppData"), "stemma"
	case "darwin":
		base, path = env("HOME"), "Library/Application Support/stemma"
	default:
		// The specification of XDG says to ignore what is not absolute.
		if base, path = env("XDG_DATA_HOME"), "stemma"; !filepath.IsAbs(base) {
			base, path = env("HOME"), ".local/share/stemma"
		}
	}
	if base == "" {
		return "", fmt.Errorf("there is no home directory to keep data in: give --data DIR")
	}
	return filepath.Join(base, filepath.FromSlash(path)), nil
}

// userDataHelp shows that place without naming the user's own.
func userDataHelp(system string) string {
	switch system {
	case "windows":
		return `%LocalAppData%\stemma`
	case "darwin":
		return "~/Library/Application Support/stemma"
	}
	return "$XDG_DATA_HOME/stemma or ~/.local/share/stemma"
}
