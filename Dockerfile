# SPDX-License-Identifier: Apache-2.0
# docker build -t qevm . && docker run --read-only --cap-drop ALL -v qevm-spool:/tmp -e QEVM_SPOOL_DIR=/tmp -p 8080:8080 qevm
#
# The volume is for streams above 4 MiB; without it they are answered with 507.
FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/install-dependencies scripts/build-static scripts/
COPY scripts/build-static.d scripts/build-static.d
RUN scripts/install-dependencies zlib1g-dev pkg-config
COPY Package.swift openapi.yaml ./
COPY Sources Sources
COPY Tests Tests
# The library that the program needs and the image below has not, to where it is looked for on every architecture.
RUN install -D "$(scripts/build-static)" /image/usr/local/bin/qevm \
    && install -D -m 644 -t /image/usr/lib /usr/lib/*/libz.so.1

FROM gcr.io/distroless/base-nossl-debian12:nonroot
COPY --from=build /image/ /
USER 65532:65532
ENV QEVM_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=2s CMD ["/usr/local/bin/qevm", "health", "--host", "127.0.0.1"]
ENTRYPOINT ["/usr/local/bin/qevm"]
CMD ["serve"]
