// Command formwork serves the platform and looks after its data. Every command is
// a struct in a file of its own and one line in commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"formwork/engine/fault"
)

// version is set when a release is built.
var version = "dev"

// commands are all commands there are.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Serve the platform over HTTP."`
	Plan      planCommand      `cmd:"" help:"Say what the documents in a folder would change, and change nothing."`
	Apply     applyCommand     `cmd:"" help:"Make the documents in a folder the tenant's configuration."`
	Diff      diffCommand      `cmd:"" help:"Show how the documents in a folder differ from the tenant's."`
	Export    exportCommand    `cmd:"" help:"Write the tenant's own documents to a folder."`
	Upgrade   upgradeCommand   `cmd:"" help:"Upgrade the tenant's packages, keeping what the tenant changed."`
	Revisions revisionsCommand `cmd:"" help:"List the revisions of the tenant's configuration."`
	Rollback  rollbackCommand  `cmd:"" help:"Take the tenant's configuration, or one document of it, back to an earlier revision."`
	Import    importCommand    `cmd:"" help:"Import a CSV file or a workbook through a running server."`
	Backup    backupCommand    `cmd:"" help:"Back tenants up, into a folder or a bucket, while they are used."`
	Restore   restoreCommand   `cmd:"" help:"Make a tenant of a backup."`
	Tenant    tenantCommand    `cmd:"" help:"Create, list and delete tenants."`
	Outbox    outboxCommand    `cmd:"" help:"List and forget consumers of events."`
	User      userCommand      `cmd:"" help:"Add users and set passwords."`
	Demo      demoCommand      `cmd:"" help:"Make demonstration data of sales, of any size."`
	Bench     benchCommand     `cmd:"" help:"Measure a server on this machine, and the bare store beside it."`
	Doctor    doctorCommand    `cmd:"" help:"Look for what is wrong."`

	Build     versionCommand   `cmd:"" name:"version" help:"Print the version, and what it was built with."`
	Version   kong.VersionFlag `help:"Print the version."`
	LogFormat string           `help:"Write the log as text (key=value) or as JSON, a line an event." enum:"text,json" default:"text" placeholder:"text|json" env:"FORMWORK_LOG_FORMAT"`
}

// program is what commands run in: what they read, where they write and what they were told.
type program struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	log    io.Writer
	getenv func(string) string

	logFormat string // see commands
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&program{ctx: ctx, in: os.Stdin, out: os.Stdout, log: os.Stderr, getenv: os.Getenv}, os.Args[1:]))
}

// run runs one command and returns the exit status: 0, 1 for what went wrong, 2 for
// what was asked wrongly.
func run(p *program, arguments []string) int {
	status := -1
	var all commands
	parser, err := kong.New(&all, kong.Name("formwork"), kong.Description("A CRM platform that is configuration."),
		kong.Writers(p.out, p.log), kong.Exit(func(code int) { status = code }), kong.Vars{"version": version}, kong.Bind(p), kong.ValueFormatter(helpOf))
	if err != nil {
		panic(err) // a mistake in the declarations above
	}
	parsed, err := parser.Parse(arguments)
	if status >= 0 { // help or version was shown
		return status
	}
	if err != nil {
		fmt.Fprintf(p.log, "formwork: %v\n", err)
		return 2
	}
	p.logFormat = all.LogFormat
	if err := settle(parsed, p.getenv); err != nil {
		fmt.Fprintf(p.log, "formwork: %v\n", err)
		return 2
	}
	if err := parsed.Run(); err != nil {
		p.fail(err)
		return 1
	}
	return 0
}

// fail prints what went wrong: of a fault its text and, one a line, those inside it.
func (p *program) fail(err error) {
	var f *fault.Fault
	if p.logFormat == "json" { // who reads the log reads JSON alone
		var problems []string
		if errors.As(err, &f) {
			for _, one := range f.Errors {
				problems = append(problems, problemLine(one))
			}
		}
		p.newLog(slog.LevelError).Error("failed", "error", reason(err), "problems", problems)
		return
	}
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		fmt.Fprintf(p.log, "formwork: %v\n", err)
		return
	}
	fmt.Fprintf(p.log, "formwork: %s\n", f.Text("en"))
	for _, one := range f.Errors {
		fmt.Fprintf(p.log, "  %s\n", problemLine(one))
	}
}

// problemLine is one problem with its place.
func problemLine(f *fault.Fault) string {
	line := f.Text("en")
	if column, ok := f.Params["column"]; ok {
		line = fmt.Sprintf("column %v: %s", column, line)
	}
	if f.Pointer != "" {
		line = f.Pointer + ": " + line
	}
	return line + " [" + f.Code + "]"
}
