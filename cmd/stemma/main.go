// Stemma serves a graph of evidence, in which everything says where it is from. `stemma help` says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stemma-kg/stemma/storage/badger"
)

// What the program's exit status says.
const (
	statusGood  = 0
	statusNo    = 1 // it ran, and the answer is no
	statusError = 2 // it was used wrongly, or could not run
)

func main() { os.Exit(mainStatus()) }

func mainStatus() int {
	ownFiles()
	log.SetOutput(badger.Assertions(os.Stderr))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one finds Go's own handler, which ends the process at once.
	context.AfterFunc(ctx, stop)
	defer stop()
	return run(ctx, os.Args[1:], &host{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, random: randomReader})
}

// A host is what the commands use of the process that they run in.
type host struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	random io.Reader
}

// say tells the user something that is not the answer.
func (h *host) say(format string, args ...any) { fmt.Fprintf(h.stderr, format+"\n", args...) }

// A no is an error that says the answer is no.
type no struct{ error }

func (n no) Unwrap() error { return n.error }

// An exit is how kong ends the process when it has shown help.
type exit int

// run is the program: it returns its exit status.
func run(ctx context.Context, args []string, h *host) (status int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exit:
			status = int(p)
		default:
			panic(p)
		}
	}()
	k, err := newParser(h)
	if err != nil {
		h.say("stemma: %v", err)
		return statusError
	}
	command, err := k.Parse(args)
	if err != nil {
		h.say("stemma: %s", oneLine(err))
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context != nil {
			h.say("Run `%s` to see how it is used.", helpFor(parse.Context))
		}
		return statusError
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(h); err != nil {
		h.say("stemma: %s", oneLine(err))
		var n no
		if errors.As(err, &n) {
			return statusNo
		}
		return statusError
	}
	return statusGood
}

// helpFor is the command that explains what was meant to be run.
func helpFor(c *kong.Context) string {
	if n := c.Selected(); n != nil {
		return "stemma help" + strings.TrimPrefix(n.FullPath(), "stemma")
	}
	return "stemma help"
}

// oneLine keeps a message on one line, where scripts and people expect it.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
