"""A function with Misrule's layer, and the AppConfig that its experiments come from."""

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

LAYER = Path(__file__).parents[3] / "target" / "layer" / "misrule-x86_64.zip"

HANDLER = """
def handler(event, context):
    return {"statusCode": 200, "body": "paid"}
"""


class Shop(Stack):
    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        application = appconfig.CfnApplication(self, "Application", name="shop")
        environment = appconfig.CfnEnvironment(self, "Environment", application_id=application.ref, name="prod")
        profile = appconfig.CfnConfigurationProfile(
            self, "Profile", application_id=application.ref, name="faults", location_uri="hosted"
        )
        place = f"{application.ref}/{environment.ref}/{profile.ref}"
        function = lambda_.Function(
            self,
            "Checkout",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.X86_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(HANDLER),
            layers=[self.misrule()],
            environment={
                "AWS_LAMBDA_EXEC_WRAPPER": "/opt/misrule-wrapper",
                "MISRULE_SOURCE": f"appconfig:{place}",
            },
        )
        function.add_to_role_policy(self.reads(application, environment, profile))
        url = function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)
        CfnOutput(self, "Url", value=url.url, description="Where it answers HTTP")
        CfnOutput(self, "PublishTo", value=place, description="What `misrule publish --to` takes")
        CfnOutput(self, "Function", value=function.function_name, description="What a blast radius names")

    def misrule(self) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            "Misrule",
            code=lambda_.Code.from_asset(str(LAYER)),
            compatible_architectures=[lambda_.Architecture.X86_64],
        )

    def reads(self, application, environment, profile) -> iam.PolicyStatement:
        configuration = f"{application.ref}/environment/{environment.ref}/configuration/{profile.ref}"
        return iam.PolicyStatement(
            sid="MisruleReadsItsConfiguration",
            actions=["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
            resources=[self.format_arn(service="appconfig", resource="application", resource_name=configuration)],
        )


app = App()
Shop(app, "misrule-shop")
app.synth()
