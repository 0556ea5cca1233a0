# SPDX-License-Identifier: Apache-2.0
FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/install-dependencies scripts/
RUN scripts/install-dependencies zlib1g-dev pkg-config
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY openapi.yaml ./
RUN swift build -c release --product qevm --static-swift-stdlib -Xlinker -s \
    && cp "$(swift build -c release --show-bin-path)/qevm" /qevm

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/lib/x86_64-linux-gnu/libz.so.1
COPY --from=build /qevm /usr/local/bin/qevm
ENV QEVM_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["/usr/local/bin/qevm", "health", "--host", "127.0.0.1"]
ENTRYPOINT ["/usr/local/bin/qevm"]
CMD ["serve"]
