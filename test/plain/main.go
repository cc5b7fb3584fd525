// Command plain is what a programmer would write by hand for the accounts of one company, to
// measure Formwork beside it: fiber, database/sql, the indexes that its own questions need,
// words by FTS5, every commit on the disk, rights as "the owner is me". It has no metadata,
// rules, history or events: what those cost, and being configurable, is what the comparison
// shows. `formwork bench --beside` starts it and asks /target what to send.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "plain:", err)
		os.Exit(1)
	}
}

// run serves until it is told to stop: plain serve --listen ADDRESS --data FOLDER.
func run(arguments []string) error {
	if len(arguments) == 0 || arguments[0] != "serve" {
		return fmt.Errorf("usage: plain serve --listen ADDRESS --data FOLDER")
	}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address")
	folder := flags.String("data", "", "folder of the file")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	accounts, err := openAccounts(*folder)
	if err != nil {
		return err
	}
	defer accounts.close()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	app := serve(accounts)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		app.Shutdown() //nolint:errcheck // it ends now either way
	}()
	fmt.Printf("plain is at http://%s\n", listener.Addr())
	return app.Listener(listener)
}
