"""Which images a file names, in which line and by which keys; and what nobody can tell."""

import re
import tracemalloc
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecrm.sources.files import ANY_REGISTRY, Contents, read_file_text
from ecrm.sources.files.mention import NO_REFERENCE, NO_TAG, UNRESOLVED
from tests.stubs import HOST

DIGEST = f"sha256:{'a' * 64}"
OPEN = "is a template that leaves the registry open; it counts for every registry"
DEFAULT = "is a template; its default was taken"

Expected = list[tuple[object, ...]]


def contents(path: str, text: str) -> Contents:
    return read_file_text(path, dedent(text).replace("ECR/", f"{HOST}/"))


def mentions(path: str, text: str) -> Expected:
    """(line, key path, image) of each, with what is odd about it; the image is as written where
    no reference came of it. ECR is short for the host of a registry."""
    found = contents(path, text)
    assert found.problem == ""
    return [
        (
            mention.spot.line,
            mention.spot.path,
            str(mention.reference or mention.text).replace(f"{HOST}/", "ECR/"),
            *([mention.problem] if mention.problem else []),
        )
        for mention in found.mentions
    ]


class TestFormats:
    """One file of each kind, as its own documentation writes it."""

    def test_an_ecs_task_definition_as_ecspresso_keeps_it(self):
        text = """\
            {
            \t"family": "web",
            \t"containerDefinitions": [
            \t\t{"name": "app", "image": "ECR/web:v1", "essential": true},
            \t\t{"name": "proxy", "image": "public.ecr.aws/envoy/envoy:v1"},
            \t\t{"name": "log", "image": "ECR/log:{{ must_env `TAG` }}"}
            \t]
            }
            """
        assert mentions("ecs-task-def.json", text) == [
            (4, "containerDefinitions.app.image", "ECR/web:v1"),
            (6, "containerDefinitions.log.image", "ECR/log:{{ must_env `TAG` }}", UNRESOLVED),
        ]

    def test_one_whose_template_is_no_json_before_it_is_filled(self):
        text = """\
            {
              "cpu": {{ env "CPU" "256" }},
              "containerDefinitions": [
                {"name": "app", "image": "ECR/web:{{ env "TAG" "v1" }}"},
                {"name": "log", "image": "ECR/log:{{ must_env "TAG" }}"}
              ]
            }
            """
        assert mentions("ecs-task-def.json", text) == [
            (4, "", "ECR/web:v1", DEFAULT),
            (5, "", 'ECR/log:{{ must_env "TAG" }}', UNRESOLVED),
        ]

    def test_one_in_jsonnet(self):
        text = """\
            // image: 'ECR/old:v1'
            local tag = std.extVar('tag');
            { containerDefinitions: [
              { name: 'app', image: 'ECR/web:' + tag },
              { name: 'log', image: "ECR/log:v1" },
              { name: 'x', image: $.image },
            ] }
            """
        assert mentions("ecs-task-def.jsonnet", text) == [
            (4, "", "ECR/web:", UNRESOLVED),
            (5, "", "ECR/log:v1"),
            (6, "", "$.image", UNRESOLVED),
        ]

    def test_function_json_of_lambroll(self):
        text = '{"Code": {"ImageUri": "ECR/fn:v1"}, "PackageType": "Image", "Role": "x"}'
        assert mentions("function.json", text) == [(1, "Code.ImageUri", "ECR/fn:v1")]

    def test_kubernetes_manifests(self):
        text = f"""\
            # image: ECR/old:v1
            kind: Deployment
            spec:
              template:
                spec:
                  initContainers:
                  - image: ECR/init:v1
                    name: init
                  containers:
                  - name: app
                    image: ECR/web@{DIGEST}   # ECR/older:v1
                  - name: proxy
                    image: nginx:1.27
                  ephemeralContainers:
                  - {{name: debug, image: ECR/debug}}
            ---
            kind: CronJob
            spec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [
              {{name: job, image: "ECR/job:v2"}}]}}}}}}}}}}
            """
        spec = "spec.template.spec"
        assert mentions("k8s/web.yaml", text) == [
            (7, f"{spec}.initContainers.init.image", "ECR/init:v1"),
            (11, f"{spec}.containers.app.image", f"ECR/web@{DIGEST}"),
            (15, f"{spec}.ephemeralContainers.debug.image", "ECR/debug:latest"),
            (19, "spec.jobTemplate.spec.template.spec.containers.job.image", "ECR/job:v2"),
        ]

    def test_an_image_that_a_pod_mounts_as_a_volume(self):
        text = """\
            kind: Pod
            spec:
              volumes:
              - name: model
                image:
                  reference: registry.example.com/model:v1
                  pullPolicy: IfNotPresent
              - {name: rules, image: {reference: "nginx:1"}}
            source: {reference: registry.example.com/text:v1}
            """
        assert mentions("pod.yaml", text) == [
            (6, "spec.volumes.model.image", "registry.example.com/model:v1"),
        ]

    def test_compose_files(self):
        text = """\
            x-base: &base
              image: ECR/base:v1
            services:
              web:
                image: ECR/web:${TAG:-v1}
              api:
                image: ${REGISTRY}/api:v2
              job:
                image: ${JOB_IMAGE:?set it}
              db:
                image: postgres:${POSTGRES}
              cache:
                image: ghcr.io/${OWNER}/cache:v1
              worker:
                <<: *base
                command: run
            """
        assert mentions("compose.yaml", text) == [
            (2, "x-base.image", "ECR/base:v1"),
            (5, "services.web.image", "ECR/web:v1", DEFAULT),
            (7, "services.api.image", f"{ANY_REGISTRY}/api:v2", OPEN),
            (9, "services.job.image", "${JOB_IMAGE:?set it}", UNRESOLVED),
            (2, "services.worker.image", "ECR/base:v1"),
        ]

    def test_helm_values(self):
        text = f"""\
            image:
              registry: 123456789012.dkr.ecr.us-east-1.amazonaws.com
              repository: web
              tag: 1.10
            sidecar:
              image: {{repository: ECR/log, digest: "{DIGEST}", pullPolicy: Always}}
            api:
              image:
                repository: ECR/api
                tag: ""
            job:
              image: ECR/job
              tag: v3
            proxy:
              image: {{repository: nginx, tag: "1.27"}}
            """
        assert mentions("values.yaml", text) == [
            (3, "image", "ECR/web:1.10"),
            (6, "sidecar.image", f"ECR/log@{DIGEST}"),
            (9, "api.image", "ECR/api", NO_TAG),
            (12, "job.image", "ECR/job:v3"),
        ]

    def test_the_registry_for_all_images_of_a_chart(self):
        text = """\
            global: {imageRegistry: 123456789012.dkr.ecr.us-east-1.amazonaws.com}
            image: {registry: docker.io, repository: bitnami/redis, tag: v1}
            """
        assert mentions("values.yml", text) == [(2, "image", "ECR/bitnami/redis:v1")]

    def test_a_template_of_a_helm_chart(self):
        text = """\
            {{- if .Values.enabled }}
            {{- /* image: ECR/old:v1 */}}
            spec:
              containers:
                - image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
                - image: {{ .Values.sidecar }}
                - image: ECR/web:v1
                - image: nginx:1.27
                - image: "ECR/web:{{ .Values.tag | default "v2" }}"
            {{- end }}
            """
        both = "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
        assert mentions("templates/web.yaml", text) == [
            (5, "", both, UNRESOLVED),
            (6, "", "{{ .Values.sidecar }}", UNRESOLVED),
            (7, "", "ECR/web:v1"),
            (9, "", "ECR/web:v2", DEFAULT),
        ]

    def test_what_a_template_chooses_from(self):
        text = """\
            {{ if .Values.on }}
            image: {{ if .Values.debug }}ECR/web:debug{{ else }}ECR/web:v1{{ end }}
            image: "{{ if .Values.debug }}ECR/web:v2{{ end }}"
            {% set other = "ECR/web:v0" %}
            other: {% if debug %}ECR/web:v3{% else %}ECR/web:{{ tag }}{% endif %}
            {{ end }}
            """
        assert mentions("web.yaml", text) == [
            (2, "", "ECR/web:debug"),
            (2, "", "ECR/web:v1"),
            (3, "", "ECR/web:v2"),
            (4, "", "ECR/web:v0"),
            (5, "", "ECR/web:v3"),
            (5, "", "ECR/web:{{ tag }}", UNRESOLVED),
        ]

    def test_a_template_that_happens_to_be_yaml(self):
        """`{{ x }}` is a map in a map to YAML."""
        text = "spec:\n  image: {{ .Values.image }}\n"
        assert mentions("pod.yaml", text) == [(2, "", "{{ .Values.image }}", UNRESOLVED)]

    def test_kustomize(self):
        text = f"""\
            images:
            - name: web
              newName: ECR/web
              newTag: v3
            - name: ECR/api
              newTag: "4"
            - {{name: log, newName: ECR/log, digest: "{DIGEST}"}}
            - name: job
              newName: ECR/job
            - name: nginx
              newTag: "1.27"
            """
        assert mentions("kustomization.yaml", text) == [
            (2, "images.web", "ECR/web:v3"),
            (5, f"images['{HOST}/api']", "ECR/api:4"),
            (7, "images.log", f"ECR/log@{DIGEST}"),
            (8, "images.job", "ECR/job", NO_TAG),
        ]

    def test_a_workflow_with_a_script(self):
        """Lines of a block are those of the file; what stands in a script's comment is not run."""
        text = """\
            env: {REPOSITORY: ECR/web}
            jobs:
              deploy:
                container: ECR/build:v1
                steps:
                - uses: docker://ECR/action:v1
                - run: |
                    # docker run ECR/old:v1
                    docker run ECR/web:v1
                    docker push ECR/web:${{ github.sha }}
            """
        assert mentions(".github/workflows/deploy.yml", text) == [
            (1, "env.REPOSITORY", "ECR/web", NO_TAG),
            (4, "jobs.deploy.container", "ECR/build:v1"),
            (6, "jobs.deploy.steps[0].uses", "ECR/action:v1"),
            (9, "jobs.deploy.steps[1].run", "ECR/web:v1"),
            (10, "jobs.deploy.steps[1].run", "ECR/web:${{ github.sha }}", UNRESOLVED),
        ]

    def test_a_dockerfile(self):
        text = """\
            # FROM ECR/old:v1
            ARG VERSION=v1
            FROM --platform=linux/amd64 ECR/base:${VERSION} AS build
            COPY --from=ECR/tools:v2 /bin/tool /bin/tool
            FROM build
            FROM $BASE
            FROM ECR/base
            """
        assert mentions("docker/Dockerfile.web", text) == [
            (3, "", "ECR/base:v1", DEFAULT),
            (4, "", "ECR/tools:v2"),
            (6, "", "$BASE", UNRESOLVED),
            (7, "", "ECR/base:latest"),
        ]

    def test_terraform(self):
        text = """\
            # image = "ECR/old:v1"
            image     = var.image
            image_uri = "${aws_ecr_repository.fn.repository_url}:v1"
            image     = "ECR/web:v1"
            image     = "ECR/web:${var.tag}"
            url       = "ECR/web"
            image     = "nginx:1.27"
            """
        assert mentions("main.tf", text) == [
            (2, "", "var.image", UNRESOLVED),
            (3, "", "${aws_ecr_repository.fn.repository_url}:v1", UNRESOLVED),
            (4, "", "ECR/web:v1"),
            (5, "", "ECR/web:${var.tag}", UNRESOLVED),
            (6, "", "ECR/web", NO_TAG),
        ]

    def test_a_shell_script(self):
        text = """\
            docker login 123456789012.dkr.ecr.us-east-1.amazonaws.com
            docker run --rm ECR/web:v1.
            IMAGE=$ACCOUNT.dkr.ecr.$AWS_REGION.amazonaws.com/web:v2
            docker push ECR/web:$(git describe), too
            docker run ${REPOSITORY:-ECR/web}:v3
            ID=$(docker inspect ECR/web:v4)
            """
        assert mentions("deploy.sh", text) == [
            (2, "", "ECR/web:v1"),
            (3, "", f"{ANY_REGISTRY}/web:v2", OPEN),
            (4, "", "ECR/web:$(git describe)", UNRESOLVED),
            (5, "", "ECR/web:v3", DEFAULT),
            (6, "", "ECR/web:v4"),
        ]


class TestCloudFormation:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("ECR/web:v1", ("ECR/web:v1",)),
            ("!Sub ECR/web:v1", ("ECR/web:v1",)),
            ('{"Fn::Sub": "ECR/web:v1"}', ("ECR/web:v1",)),
            ('!Join [":", [ECR/web, v1]]', ("ECR/web:v1",)),
            ('{"Fn::Join": ["", ["ECR/web", ":", "v1"]]}', ("ECR/web:v1",)),
            ('!Sub ["ECR/${Name}:v1", {Name: web}]', ("ECR/web:v1",)),
            ("!Sub ECR/web:${Tag}", ("ECR/web:v9", DEFAULT)),
            ('!Join ["", ["ECR/web:", !Ref Tag]]', ("ECR/web:v9", DEFAULT)),
            ("!Sub ECR/web:${Sha}", ("ECR/web:${Sha}", UNRESOLVED)),
            ("!Sub ECR/web:${Stored}", ("ECR/web:${Stored}", UNRESOLVED)),
            ("!Ref Image", ("${Image}", UNRESOLVED)),
            ("!ImportValue image", ("${ImportValue}", UNRESOLVED)),
            ("!GetAtt [Other, Uri]", ("${Other.Uri}", UNRESOLVED)),
            ("!Select [0, !Ref Images]", ("${Select}", UNRESOLVED)),
            ("!Join [a, !Ref Images]", ("${Join}", UNRESOLVED)),
            (
                "!Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/web:v1'",
                (f"{ANY_REGISTRY}/web:v1", OPEN),
            ),
            ("!Sub '${Repository.RepositoryUri}:v1'", (f"{ANY_REGISTRY}/prod/web:v1", OPEN)),
            ("!Sub 'ECR/${Repository}:v1'", ("ECR/prod/web:v1",)),
        ],
    )
    def test_functions_are_resolved_where_literals_suffice(self, written, expected):
        names = (
            "Parameters: {Tag: {Type: String, Default: v9}, Sha: {Type: String},"
            " Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /tag}}"
        )
        resources = (
            "  Repository: {Type: AWS::ECR::Repository, Properties: {RepositoryName: prod/web}}"
        )
        text = f"{names}\nResources:\n{resources}\n  T:\n    Image: {written}\n"
        [found] = mentions("stack.yaml", text)
        assert found[2:] == expected
        assert found[:2] == (5, "Resources.T.Image")

    def test_both_branches_of_a_condition_may_run(self):
        for written in (
            "!If [Prod, ECR/web:a, !Sub ECR/web:b]",
            '{"Fn::If": [P, ECR/web:a, ECR/web:b]}',
        ):
            assert mentions("stack.yml", f"Image: {written}") == [
                (1, "Image", "ECR/web:a"),
                (1, "Image", "ECR/web:b"),
            ]

    def test_a_template_in_json(self):
        text = (
            '{"Resources": {"F": {"Properties": {"Code": {"ImageUri":\n{"Fn::Sub": "ECR/f:1"}}}}}}'
        )
        expected = [(2, "Resources.F.Properties.Code.ImageUri", "ECR/f:1")]
        assert mentions("stack.template.json", text) == expected
        assert mentions("stack.template", text) == expected

    @pytest.mark.parametrize(
        ("first", "more"),
        [
            ('!Join ["", ["{x}", y]]', '!Join ["", [{a}, {a}]]'),
            ("!Sub '{x}'", '!Sub ["${{b}}${{b}}", {{b: {a}}}]'),
            ("{{Ref: Big}}", '{{"Fn::Join": ["", [{a}, {a}, {{Ref: Big}}]]}}'),
        ],
        ids=["Join", "Sub", "Ref"],
    )
    @pytest.mark.parametrize("path", ["stack.yaml", "stack.template"])
    def test_text_that_grows_with_every_anchor_is_refused_before_it_grows(self, path, first, more):
        lines = [
            f"Parameters: {{Big: {{Type: String, Default: {'x' * 1000}}}}}",
            f"image: {HOST}/a:1",
        ]
        lines += [f"# {{{{ a template or not }}}}\na0: &a0 {first.format(x='x' * 50)}"]
        lines += [f"a{n}: &a{n} {more.format(a=f'*a{n - 1}')}" for n in range(1, 60)]
        tracemalloc.start()
        found = contents(path, "\n".join(lines))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert re.fullmatch(r"\d+: its functions make too much text", found.problem)
        assert [str(mention.reference) for mention in found.mentions] == [f"{HOST}/a:1"]
        assert most < 40_000_000

    def test_one_text_that_many_pieces_make_is_counted_before_it_is_made(self):
        big = f"Parameters: {{Big: {{Type: String, Default: {'x' * 100_000}}}}}"
        text = f"{big}\na: !Sub '{'${Big}' * 10_000}'"
        assert contents("stack.yaml", text).problem == "2: its functions make too much text"

    @pytest.mark.parametrize("path", ["a.yaml", "a.template"])
    def test_merge_keys_that_bring_in_too_much_are_refused_before_they_do(self, path):
        big = "big: &big {" + ", ".join(f"k{number}: v" for number in range(2_000)) + "}\n"
        text = big + "# {{ a template or not }}\n" + "<<: *big\n" + f"image: {HOST}/a:1\n"
        assert contents(path, text).problem == ""
        text += "all: [" + ", ".join(["{<<: *big}"] * 600) + "]\n"
        found = contents(path, text)
        assert found.problem == "1: its merge keys make too many entries"
        assert [str(mention.reference) for mention in found.mentions] == [f"{HOST}/a:1"]

    def test_a_long_script_names_its_images_to_the_end(self):
        script = "!Sub |\n" + "  echo ${AWS::Region}\n" * 2_000 + f"  docker run {HOST}/a:1\n"
        found = contents("stack.yaml", f"UserData: {script}")
        assert [str(mention.reference) for mention in found.mentions] == [f"{HOST}/a:1"]


class TestWhatIsTold:
    @pytest.mark.parametrize("path", ["a.json", "a.yaml", "a.yml", "a.txt"])
    def test_any_text_that_names_ecr_is_a_reference(self, path):
        assert [
            found[2:] for found in mentions(path, '{"whatever": "see ECR/web:v1, please"}')
        ] == [("ECR/web:v1",)]

    def test_a_host_that_may_stand_for_ecr_is_one_where_an_image_is_expected(self):
        text = "image: registry.example.com:5000/web:v1\nother: registry.example.com:5000/web:v2\n"
        expected = [(1, "image", "registry.example.com:5000/web:v1")]
        assert mentions("a.yaml", text) == expected

    @pytest.mark.parametrize("key", ["image", "Image", "ImageUri", "image_uri", "ImageIdentifier"])
    @pytest.mark.parametrize("path", ["a.yaml", "a.txt"])
    def test_the_keys_that_mean_an_image(self, path, key):
        """ECS and compose, CloudFormation, Lambda, Terraform, App Runner."""
        [(*_, image)] = mentions(path, f"{key}: registry.example.com/web:v1")
        assert image == "registry.example.com/web:v1"

    @pytest.mark.parametrize("key", ["images", "myimage", "image_tag", "ImageId", "Image.Uri"])
    @pytest.mark.parametrize("path", ["a.yaml", "a.txt"])
    def test_keys_that_do_not(self, path, key):
        assert mentions(path, f"{key}: registry.example.com/web:v1") == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("image: /logo.png", [(1, "image", "/logo.png", NO_REFERENCE)]),
            ("image: ECR/Web:v1", [(1, "image", "ECR/Web:v1", NO_REFERENCE)]),
            ("image: <IMAGE1_NAME>", [(1, "image", "<IMAGE1_NAME>", UNRESOLVED)]),
            ("image: $IMAGE", [(1, "image", "$IMAGE", UNRESOLVED)]),
            ("image: '@IMAGE@'", [(1, "image", "@IMAGE@", UNRESOLVED)]),
            ("image: 'a b.c/web:v1'", [(1, "image", "a b.c/web:v1", NO_REFERENCE)]),
            ("image: ''", []),
            ("image:", []),
            ("image: true", []),
            ("image: nginx", []),
            ("image: acme/${NAME}:v1", []),
            ("registry: 123456789012.dkr.ecr.us-east-1.amazonaws.com", []),
            ("url: https://123456789012.dkr.ecr.us-east-1.amazonaws.com/", []),
            ("arn: 'arn:aws:ecr:us-east-1:123456789012:repository/web'", []),
            ("a: 'oci://ECR/chart:1.0'", [(1, "a", "ECR/chart:1.0")]),
            ("a: 'ECR/web:'", [(1, "a", "ECR/web:", UNRESOLVED)]),
            (
                "a: &a ECR/a:1\nb: &a ECR/b:2\nimage: *a",
                [
                    (1, "a", "ECR/a:1"),
                    (2, "b", "ECR/b:2"),
                    (2, "image", "ECR/b:2"),
                ],
            ),
            ("a: {name: A name, digest: abc}", []),
            ("ECR/a:1:\n  b: c", [(1, "", "ECR/a:1")]),
            ("{123456789012.dkr.ecr.us-east-1.amazonaws.com: ecr-login}", []),
            ("image: ECR/a:1 ECR/b:2", [(1, "image", "ECR/a:1"), (1, "image", "ECR/b:2")]),
            (
                "image: {repository: ECR/a, tag: {image: ECR/b:2}}",
                [(1, "image", "ECR/a", NO_TAG), (1, "image.tag.image", "ECR/b:2")],
            ),
            ("a: [ECR/a:1, ECR/b:2]", [(1, "a[0]", "ECR/a:1"), (1, "a[1]", "ECR/b:2")]),
            ("a: 'ECR/a:1 ECR/b:2'", [(1, "a", "ECR/a:1"), (1, "a", "ECR/b:2")]),
        ],
    )
    def test_what_is_no_image_is_not_taken_for_one(self, text, expected):
        assert mentions("a.yaml", text) == expected

    def test_the_same_reference_twice_in_one_line_is_listed_once(self):
        assert mentions("a.sh", "docker pull ECR/a:1 && docker run ECR/a:1") == [(1, "", "ECR/a:1")]

    @pytest.mark.parametrize(
        ("path", "text", "problem"),
        [
            ("a.yaml", "a: [1\nimage: ECR/a:1\n", "2: not YAML: while parsing a flow sequence, "),
            ("a.json", '{"a": 1\n"image": "ECR/a:1"}', "2: not JSON: while parsing a flow mapping"),
            ("a.yml", "x: \x07\nimage: ECR/a:1", "1: not YAML: the character U+0007"),
            ("a.yaml", f"{'[' * 5000}\nECR/a:1", "1: not YAML: it is nested too deeply"),
        ],
    )
    def test_what_is_not_what_its_name_says_is_a_problem_and_still_protects(
        self, path, text, problem
    ):
        found = contents(path, text)
        assert found.problem.startswith(problem)
        assert [str(mention.reference) for mention in found.mentions] == [f"{HOST}/a:1"]


PIECES = st.sampled_from(
    [
        f"{HOST}/a:1", "image", ": ", "\n", "  ", "- ", "{{", "}}", "${", "}", "$(", ")", "!Sub ",
        "!Join ", "!If ", "[", "]", "{", '"', "'", "&a ", "*a", "<<: ", "|\n", "#", "FROM ", "ARG ",
        "repository", "tag", ",", "\t", "\x00", "\ue000", "\ud800", "é", "%YAML 1.1\n", "---\n",
        "Ref", ".dkr.ecr.", "@sha256:", "<", ">", "Fn::Sub", "? ", "=", '"\\UFFFFFFFF"',
        "global: ", "name",
    ]
)  # fmt: skip


@given(
    path=st.sampled_from(["a.yaml", "a.json", "a.tf", "Dockerfile", "a.template"]),
    text=st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)),
)
@example(path="a.yaml", text="&a !Join [x, [*a]]")
@example(path="a.yaml", text="&a [*a]")
@example(path="a.yaml", text="<<: &a {<<: *a}")
@example(path="a.yaml", text="!Sub {a: b}")
@example(path="a.yaml", text="image: !Join [[], {}]")
def test_no_text_is_too_much(path, text):
    """Whatever it holds, and every reference can be written and read again."""
    for mention in read_file_text(path, text).mentions:
        assert mention.reference is not None or mention.problem
        assert 1 <= mention.spot.line <= text.count("\n") + 2
        str(mention.reference).encode()
