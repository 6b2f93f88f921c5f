# Everything that is done with a checkout. `make` alone lists the verbs.
#
# Work as yourself: cargo runs as you. Only apt-get, `make install` without DESTDIR, and the
# programs that need a machine of their own ask for root, through sudo. Or be root throughout.

PREFIX  ?= /usr/local
DESTDIR ?=
# Where libpam looks for modules: below the directory that is named for this kind of machine.
PAMDIR  ?= /usr/lib/$(addsuffix /,$(shell $(CC) -print-multiarch 2>/dev/null))security
MANDIR  ?= $(PREFIX)/share/man
# Where bash-completion, zsh and fish look.
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
CONFIG  := /etc/cloud2fa/cloud2fa.toml

# Tests and `make install` look here for what is built, wherever cargo would put it otherwise.
export CARGO_TARGET_DIR := $(CURDIR)/target

CARGO   := tools/cargo
MODULE  := target/release/libpam_cloud2fa.so
COMMAND := target/release/cloud2fa
# The crates whose tests need neither root nor what is built for use.
CRATES  := -p cloud2fa -p pam_cloud2fa -p cloud2fa-cli -p cloud2fad
# What is built for use is built of these.
SOURCES := Cargo.toml Cargo.lock $(shell find cloud2fa pam_cloud2fa cloud2fa-cli cloud2fad conf/io.cloud2fa.varlink \
	-path '*/tests' -prune -o -type f -print)
SUDO    := $(if $(DESTDIR),,$(if $(filter 0,$(shell id -u)),,sudo))

.PHONY: help demo test test-fast bench build install uninstall clean

help: # List the verbs
	@sed -n 's/^\([a-z-]*\):.*# \(.*\)/    make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: build # Install what is missing, and show a login with a second factor; users and logins stay as they are
	@tools/install-missing demo
	@tests/demo

test: build # Install what the tests need, and run all of them
	@tools/install-missing test
	@tests/all $(CRATES)

test-fast: # Run the tests that need neither root nor machines
	@tools/install-missing build
	$(CARGO) test --locked $(CRATES) $(if $(shell command -v oathtool),,-- --skip oathtool)

bench: build # Measure logins beside those of Debian's other modules, in some minutes
	@tools/install-missing bench
	$(CARGO) build --locked --release -p cloud2fa-tests --bin bench
	@tests/private-machine $(CURDIR)/target/release/bench

build: # Build the module and the command for use
	@tools/install-missing build
	$(CARGO) build --locked --release -p pam_cloud2fa -p cloud2fa-cli -p cloud2fad
	-@touch $(MODULE) $(COMMAND)

$(MODULE) $(COMMAND) &: $(SOURCES)
	@$(MAKE) --no-print-directory build

# Root installs what a user has built: cargo, which would leave root's files in target, runs
# only where something is missing or older than its sources.
#
# A login that happens meanwhile finds the old module or the new one, so that it is moved into place.
install: $(MODULE) $(COMMAND) # Put module, command, configuration and manual pages in place (DESTDIR, PREFIX, PAMDIR)
	$(SUDO) install -D -m 0644 $(MODULE) $(DESTDIR)$(PAMDIR)/pam_cloud2fa.so.new
	$(SUDO) mv $(DESTDIR)$(PAMDIR)/pam_cloud2fa.so.new $(DESTDIR)$(PAMDIR)/pam_cloud2fa.so
	$(SUDO) install -D -m 0755 $(COMMAND) $(DESTDIR)$(PREFIX)/bin/cloud2fa
	[ -e $(DESTDIR)$(CONFIG) ] || $(SUDO) install -D -m 0644 conf/cloud2fa.toml $(DESTDIR)$(CONFIG)
	for page in man/*.[1-8]; do \
		$(SUDO) install -D -m 0644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/} || exit; \
	done
	$(SUDO) install -D -m 0644 completions/bash/cloud2fa $(DESTDIR)$(BASHDIR)/cloud2fa
	$(SUDO) install -D -m 0644 completions/zsh/_cloud2fa $(DESTDIR)$(ZSHDIR)/_cloud2fa
	$(SUDO) install -D -m 0644 completions/fish/cloud2fa.fish $(DESTDIR)$(FISHDIR)/cloud2fa.fish

# A PAM service that names a module that is gone lets nobody in.
uninstall: # Remove these again, but neither configuration nor enrolments; refused while PAM uses the module
	@! grep -ls '^[^#]*pam_cloud2fa\.so' $(DESTDIR)/etc/pam.d/* || \
		{ echo "These name pam_cloud2fa.so: take the line out first." >&2; exit 1; }
	$(SUDO) rm -f $(DESTDIR)$(PAMDIR)/pam_cloud2fa.so $(DESTDIR)$(PREFIX)/bin/cloud2fa
	for page in man/*.[1-8]; do $(SUDO) rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; done
	$(SUDO) rm -f $(DESTDIR)$(BASHDIR)/cloud2fa $(DESTDIR)$(ZSHDIR)/_cloud2fa $(DESTDIR)$(FISHDIR)/cloud2fa.fish

clean: # Remove all that was built
	$(CARGO) clean
