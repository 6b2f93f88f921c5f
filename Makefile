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
# systemd reads /usr/local/lib and /usr/lib (systemd.unit(5)). /etc/systemd/system is left to the
# administrator: a unit that lies there cannot be masked.
UNITDIR ?= $(PREFIX)/lib/systemd/system
SHARE   := $(PREFIX)/share/cloud2fa
CONFIG  := /etc/cloud2fa/cloud2fa.toml
# The password's check of the service.
PAMFILE := /etc/pam.d/cloud2fa

# Tests and `make install` look here for what is built, wherever cargo would put it otherwise.
export CARGO_TARGET_DIR := $(CURDIR)/target

CARGO   := tools/cargo
MODULE  := target/release/libpam_cloud2fa.so
COMMAND := target/release/cloud2fa
SERVICE := target/release/cloud2fad
# The crates whose tests need neither root nor what is built for use.
CRATES  := -p cloud2fa -p pam_cloud2fa -p cloud2fa-doctor -p cloud2fa-cli -p cloud2fad
# What is built for use is built of these: all crates but the tests. tests/src/machine.rs says the same.
SOURCES := Cargo.toml Cargo.lock $(shell find $(filter-out tests/,$(dir $(wildcard */Cargo.toml))) conf/io.cloud2fa.varlink \
	-path '*/tests' -prune -o -type f -print)
SUDO    := $(if $(DESTDIR),,$(if $(filter 0,$(shell id -u)),,sudo))
# Whether there is a systemd to be told.
SYSTEMD := $(if $(DESTDIR),,$(wildcard /run/systemd/system))
# It complains of keys that came with 255 whenever it reads the unit.
UNKNOWN := $(if $(shell systemctl --version 2>/dev/null | awk 'NR == 1 && $$2 < 255'),/^PollLimit/d)

# A Debian package that has the module: dpkg knows nothing of what is put over it or taken away.
PACKAGED = $(if $(DESTDIR),,$(shell dpkg-query --search $(PAMDIR)/pam_cloud2fa.so 2>/dev/null))

.PHONY: help demo test test-outer test-real check test-fast bench bench-pairs build deb deb-source install uninstall clean

help: # List the verbs
	@sed -n 's/^\([a-z-]*\):.*# \(.*\)/    make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: build # Install what is missing, and show a login with a second factor; users and logins stay as they are
	@tools/install-missing demo
	@tests/demo

test: # Install what the tests need, and run all of them but those of test-real
	@tools/install-missing test
	@$(MAKE) --no-print-directory test-fast
	@$(MAKE) --no-print-directory test-outer

# What is built, seen from outside.
test-outer: build
	@tools/install-missing test
	@tests/all

test-real: build # Run those, on booted machines and of the Debian packages (W="package ...": these alone)
	@tools/install-missing real
	@tests/real $(W)

# Built without what makes it small, so that it takes seconds, and not in the place of what is shipped.
QUICK   := $(CURDIR)/target/quick
check: # Build quickly, and run one program of the tests: make check T=login [WORD=...]
	@[ -n "$(T)" ] || { echo "Which one? make check T=NAME, where tests/NAME.rs is there." >&2; exit 1; }
	@tools/install-missing build
	$(CARGO) build --locked --profile quick -p pam_cloud2fa -p cloud2fa-cli -p cloud2fad
	CLOUD2FA_MODULE=$(QUICK)/libpam_cloud2fa.so CLOUD2FA_COMMAND=$(QUICK)/cloud2fa CLOUD2FA_SERVICE=$(QUICK)/cloud2fad \
		$(CARGO) --config "target.'cfg(all())'.runner = '$(CURDIR)/tests/private-machine'" \
		test --locked -p cloud2fa-tests --test $(T) -- $(WORD)

test-fast: # Run the tests that need neither root nor machines
	@tools/install-missing build
	$(CARGO) test --locked $(CRATES) $(if $(shell command -v oathtool),,-- --skip oathtool)

bench: build # Measure logins beside those of Debian's other modules, in some minutes
	@tools/install-missing bench
	$(CARGO) build --locked --release -p cloud2fa-tests --bin bench
	@tests/private-machine $(CURDIR)/target/release/bench
	@tests/private-machine $(CURDIR)/target/release/bench flat
	@tools/at d809075 >/dev/null
	$(CARGO) build --locked -p cloud2fa-tests --bin self_service
	@tests/bench_service

# Pairs need the commit in this checkout's history: make bench-pairs COMMIT=d809075
bench-pairs: build # Measure logins beside those of an older version (COMMIT=HASH)
	@tools/install-missing bench
	$(CARGO) build --locked --release -p cloud2fa-tests --bin bench
	@tools/at $(COMMIT) >/dev/null
	@tests/private-machine $(CURDIR)/target/release/bench pairs $(COMMIT)

build: # Build the module, the command and the service for use
	@tools/install-missing build
	$(CARGO) build --locked --release -p pam_cloud2fa -p cloud2fa-cli -p cloud2fad
	-@touch $(MODULE) $(COMMAND) $(SERVICE)

$(MODULE) $(COMMAND) $(SERVICE) &: $(SOURCES)
	@$(MAKE) --no-print-directory build

# Built in a copy of the checkout, so that this one stays as it is. What cargo has built there
# before is used again. -d: install-missing knows more ways to have a cargo than debian/control.
DEB := target/deb
deb: # Build the Debian packages, into target/deb
	@tools/install-missing build deb
	rm -f $(DEB)/cloud2fa_* $(DEB)/*.deb
	mkdir -p $(DEB)/source
	find $(DEB)/source -mindepth 1 -maxdepth 1 ! -name target -exec rm -r {} +
	tar --exclude=./target --exclude=./.git -cf - . | tar -C $(DEB)/source --no-same-owner -xf -
	cd $(DEB)/source && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps --no-pre-clean

deb-source: # Make the Debian source package, which builds without network, in target/deb-source
	@tools/install-missing build deb
	tools/source-package

# Root installs what a user has built: cargo, which would leave root's files in target, runs
# only where something is missing or older than its sources.
#
# Who logs in meanwhile finds the old file or the new one, so that they are moved into place.
# $(call place,MODE,FROM,TO)
define place
	$(SUDO) install -D -m $(1) $(2) $(DESTDIR)$(3).new
	$(SUDO) mv $(DESTDIR)$(3).new $(DESTDIR)$(3)
endef

# The socket is not switched on: whether users may, the administrator says. An earlier version of the
# service is ended, and its connections: the next one has the new version. (At first it had a unit for
# each connection.)
install: $(MODULE) $(COMMAND) $(SERVICE) # Put all in place (DESTDIR, PREFIX, PAMDIR, MANDIR, UNITDIR)
	@[ -z "$(PACKAGED)" ] || \
		{ echo "The module here is a package's: remove libpam-cloud2fa first, or install what make deb makes." >&2; exit 1; }
	$(call place,0644,$(MODULE),$(PAMDIR)/pam_cloud2fa.so)
	$(call place,0755,$(COMMAND),$(PREFIX)/bin/cloud2fa)
	$(call place,0755,$(SERVICE),$(PREFIX)/libexec/cloud2fad)
	[ -e $(DESTDIR)$(CONFIG) ] || $(SUDO) install -D -m 0644 conf/cloud2fa.toml $(DESTDIR)$(CONFIG)
	[ -e $(DESTDIR)$(PAMFILE) ] || $(SUDO) install -D -m 0644 conf/pam.d/cloud2fa $(DESTDIR)$(PAMFILE)
	sed 's,/usr/libexec/,$(PREFIX)/libexec/,' conf/cloud2fad.service >target/cloud2fad.service
	$(call place,0644,target/cloud2fad.service,$(UNITDIR)/cloud2fad.service)
	sed '$(UNKNOWN)' conf/cloud2fad.socket >target/cloud2fad.socket
	$(call place,0644,target/cloud2fad.socket,$(UNITDIR)/cloud2fad.socket)
	for unit in cloud2fa-setup.service cloud2fa-setup-boot.service cloud2fa-setup-end.service; do \
		sed 's,/usr/bin/,$(PREFIX)/bin/,' conf/$$unit >target/$$unit && \
		$(SUDO) install -D -m 0644 target/$$unit $(DESTDIR)$(UNITDIR)/$$unit || exit; \
	done
	$(SUDO) install -D -m 0644 -t $(DESTDIR)$(SHARE) conf/io.cloud2fa.varlink conf/cloud2fad.service.d/network-passwords.conf
	for page in man/*.[1-8]; do \
		$(SUDO) install -D -m 0644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/} || exit; \
	done
	$(SUDO) install -D -m 0644 completions/bash/cloud2fa $(DESTDIR)$(BASHDIR)/cloud2fa
	$(SUDO) install -D -m 0644 completions/zsh/_cloud2fa $(DESTDIR)$(ZSHDIR)/_cloud2fa
	$(SUDO) install -D -m 0644 completions/fish/cloud2fa.fish $(DESTDIR)$(FISHDIR)/cloud2fa.fish
ifneq ($(SYSTEMD),)
	$(SUDO) systemctl daemon-reload
	@$(SUDO) systemctl enable --quiet cloud2fa-setup-boot.service
	$(SUDO) systemctl stop cloud2fad.service 'cloud2fad@*.service'
	@systemctl -q is-enabled cloud2fad.socket 2>/dev/null || \
		echo "To let users manage their own second factor: systemctl enable --now cloud2fad.socket"
endif

# A PAM service that names a module that is gone lets nobody in. What a package has brought since
# stays, and works on.
uninstall: # Remove these again, but neither configuration nor enrolments; refused while PAM uses the module
	@[ -n "$(PACKAGED)" ] || ! grep -ls '^[^#]*pam_cloud2fa\.so' $(DESTDIR)/etc/pam.d/* || \
		{ echo "These name pam_cloud2fa.so: take the line out first." >&2; exit 1; }
ifneq ($(SYSTEMD),)
	[ -n "$(PACKAGED)" ] || [ ! -e $(UNITDIR)/cloud2fad.socket ] || $(SUDO) systemctl disable --now cloud2fad.socket
	$(SUDO) systemctl stop cloud2fad.service 'cloud2fad@*.service' cloud2fa-setup.service
	[ -n "$(PACKAGED)" ] || [ ! -e $(UNITDIR)/cloud2fa-setup-boot.service ] || \
		$(SUDO) systemctl disable --quiet cloud2fa-setup-boot.service
endif
	$(SUDO) rm -f $(DESTDIR)$(UNITDIR)/cloud2fad.socket $(DESTDIR)$(UNITDIR)/cloud2fad.service
	$(SUDO) rm -f $(DESTDIR)$(UNITDIR)/cloud2fa-setup.service $(DESTDIR)$(UNITDIR)/cloud2fa-setup-boot.service \
		$(DESTDIR)$(UNITDIR)/cloud2fa-setup-end.service
	[ -n "$(PACKAGED)" ] || $(SUDO) rm -f $(DESTDIR)$(PAMDIR)/pam_cloud2fa.so
	$(SUDO) rm -f $(DESTDIR)$(PREFIX)/bin/cloud2fa $(DESTDIR)$(PREFIX)/libexec/cloud2fad
	$(SUDO) rm -f $(DESTDIR)$(SHARE)/io.cloud2fa.varlink $(DESTDIR)$(SHARE)/network-passwords.conf
	[ ! -d $(DESTDIR)$(SHARE) ] || $(SUDO) rmdir --ignore-fail-on-non-empty $(DESTDIR)$(SHARE)
	[ -n "$(PACKAGED)" ] || ! cmp -s conf/pam.d/cloud2fa $(DESTDIR)$(PAMFILE) || $(SUDO) rm $(DESTDIR)$(PAMFILE)
	for page in man/*.[1-8]; do $(SUDO) rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; done
	$(SUDO) rm -f $(DESTDIR)$(BASHDIR)/cloud2fa $(DESTDIR)$(ZSHDIR)/_cloud2fa $(DESTDIR)$(FISHDIR)/cloud2fa.fish
ifneq ($(SYSTEMD),)
	$(SUDO) systemctl daemon-reload
	[ -z "$(PACKAGED)" ] || $(SUDO) systemctl try-restart cloud2fad.socket
endif

clean: # Remove all that was built
	$(CARGO) clean
