# The server for a MongoDB that runs elsewhere (SOM_MONGODB_URL). Each RUN is a make target that CI runs as well.
FROM python:3.11 AS build
WORKDIR /src
COPY Makefile ./
COPY requirements/ requirements/
RUN make image-deps
COPY . .
RUN make image-install

FROM node:22-bookworm AS designer
WORKDIR /src
COPY Makefile ./
COPY handlers/console/ handlers/console/
RUN make image-designer

FROM python:3.11-slim
COPY --from=build /opt/som /opt/som
COPY --from=designer /src/handlers/console/vendor /opt/som/lib/python3.11/site-packages/handlers/console/vendor
ENV PATH=/opt/som/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SOM_HOST=0.0.0.0 \
    SOM_PORT=8641
WORKDIR /tmp
USER 10001:10001
EXPOSE 8641
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8641/healthz', timeout=4)"]
CMD ["som", "serve"]
