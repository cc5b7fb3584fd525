package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// places are the flags that say where a command works. It works in one place.
var places = []string{"data", "database", "url"}

// settle lets flags win over the environment, and refuses what contradicts itself: a
// command works in the one place that a flag names, whatever places the environment
// names, and one that only works on a store is not asked to work on a server.
func settle(parsed *kong.Context, getenv func(string) string) error {
	var named []string
	for _, one := range parsed.Path {
		if one.Flag != nil && !one.Resolved && slices.Contains(places, one.Flag.Name) && !slices.Contains(named, one.Flag.Name) {
			named = append(named, one.Flag.Name)
		}
	}
	if len(named) > 1 {
		return fmt.Errorf("--%s name different places; give one of them", strings.Join(named, " and --"))
	}
	known := map[string]*kong.Flag{}
	for _, flag := range parsed.Flags() {
		known[flag.Name] = flag
	}
	if len(named) == 0 {
		if url := getenv("FORMWORK_URL"); url != "" && known["url"] == nil && known["data"] != nil && known["tenant"] != nil {
			return fmt.Errorf("FORMWORK_URL names the server %s, and this command works on the store itself; name that with --data or --database", url)
		}
		return nil
	}
	for _, name := range []string{"database", "url"} {
		if flag := known[name]; flag != nil && name != named[0] {
			flag.Target.SetString("") // what the environment said
		}
	}
	return nil
}

// helpOf is the help of a flag with its default, and the variable that it is taken from.
func helpOf(value *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(value)
	if value.Tag.Default == "" {
		return help
	}
	return strings.TrimSuffix(help, ".") + ". Default: " + value.Tag.Default + "."
}

// checkProxies refuses what is no address or network.
func checkProxies(all []string) error {
	for _, one := range all {
		if _, err := netip.ParsePrefix(one); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(one); err != nil {
			return fmt.Errorf("--proxies: %q is no address and no network (10.0.0.0/8)", one)
		}
	}
	return nil
}

type versionCommand struct{}

// Run prints the version and what it was built with.
func (*versionCommand) Run(p *program) error {
	fmt.Fprintf(p.out, "formwork %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
